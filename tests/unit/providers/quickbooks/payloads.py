"""Answers in the shapes that were recorded (quickbooks.md 2.7, 4, 5.1, 6.2, 6.3), texts made up."""

from __future__ import annotations

import json
from typing import Any

TOKEN = "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiYWxnIjoiZGlyIn0..secret-token"


def fault(
    *codes: int | str, detail: str = "Detail", kind: str = "ValidationFault", element: str = ""
) -> dict[str, Any]:
    """Envelope a."""
    return {
        "Fault": {
            "Error": [
                {"Message": "Message", "Detail": detail, "code": str(code), "element": element}
                for code in codes
            ],
            "type": kind,
        },
        "time": "2016-04-15T09:01:18.141-07:00",
    }


def gateway(code: str, detail: str = "") -> dict[str, Any]:
    """Envelope b."""
    error = {"message": f"message=X; errorCode={code}; statusCode=1", "detail": detail}
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [error | {"code": code, "element": None}], "type": "SERVICE"},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "time": 1601362789461,
        "status": None,
    }


def xml(code: str) -> bytes:
    """Envelope c."""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<IntuitResponse time="2018-09-10T06:12:21.443-07:00" xmlns="http://schema.intuit.com/finance/v3">'
        f'<Fault type="SERVICE"><Error code="{code}"><Message>message=X; errorCode=00{code}</Message>'
        f"<Detail>{TOKEN}</Detail></Error></Fault></IntuitResponse>"
    ).encode()


HTML = b"<html><head><title>503 Service Unavailable</title></head><body>back soon</body></html>"

ITEM: dict[str, Any] = json.loads(
    """{"Name":"Garden Supplies","Active":true,"FullyQualifiedName":"Garden Supplies","Taxable":false,
    "UnitPrice":0,"Type":"Inventory","IncomeAccountRef":{"value":"79","name":"Sales of Product Income"},
    "PurchaseCost":0,"ExpenseAccountRef":{"value":"80","name":"Cost of Goods Sold"},
    "AssetAccountRef":{"value":"81","name":"Inventory Asset"},"TrackQtyOnHand":true,"QtyOnHand":10,
    "InvStartDate":"2015-01-01","domain":"QBO","sparse":false,"Id":"19","SyncToken":"0",
    "MetaData":{"CreateTime":"2017-03-14T11:24:36-07:00","LastUpdatedTime":"2017-03-14T11:24:36-07:00"}}"""
)
ACCOUNT: dict[str, Any] = json.loads(
    """{"Name":"Gross Receipts","SubAccount":false,"FullyQualifiedName":"Gross Receipts","Active":true,
    "Classification":"Revenue","AccountType":"Income","AccountSubType":"SalesOfProductIncome",
    "CurrentBalance":0,"CurrencyRef":{"value":"USD","name":"United States Dollar"},"domain":"QBO",
    "sparse":false,"Id":"103","SyncToken":"0"}"""
)


def item(name: str, remote_id: str, **more: object) -> dict[str, Any]:
    return {**ITEM, "Name": name, "Id": remote_id, "Type": "Service", **more}


def batch(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"BatchItemResponse": list(rows), "time": "2016-04-15T09:01:18.141-07:00"}


def rows(entity: str, *found: dict[str, Any]) -> dict[str, Any]:
    response = {entity: list(found), "startPosition": 1, "maxResults": len(found)} if found else {}
    return {"QueryResponse": response, "time": "2020-09-29T05:59:34.880-07:00"}
