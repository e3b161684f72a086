"""The errors of the Accounting API, by code, with the texts that have been recorded."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal(Exception):
    """One ``Error`` of a ``Fault``. ``status`` counts only when it ends a whole request."""

    code: str
    message: str
    detail: str
    element: str = ""
    status: int = 400
    type: str = "ValidationFault"


def unsupported(what: str) -> Refusal:
    return Refusal(
        "500", "Unsupported Operation", f"Operation {what} is not supported.", type="SystemFault"
    )


def not_utf8() -> Refusal:
    return Refusal(
        "500", "Internal Error", "The request is not encoded in UTF-8.", type="SystemFault"
    )


def not_found(detail: str = "") -> Refusal:
    text = detail or (
        "Something you're trying to use has been made inactive. "
        "Check the fields with accounts, customers, items, vendors or employees."
    )
    return Refusal("610", "Object Not Found", f"Object Not Found : {text}")


def batch_too_big(most: int, given: int) -> Refusal:
    return Refusal(
        "1040", "Batch size exceeded", f"A batch holds at most {most} entries. Supplied: {given}"
    )


def invalid_property(detail: str, element: str = "") -> Refusal:
    return Refusal("2010", "Request has invalid or unsupported property", detail, element)


def unknown_property(name: str, known: list[str]) -> Refusal:
    listed = ", ".join(f'"{one}"' for one in known)
    return invalid_property(
        f"Property Name:Unrecognized field {name} specified is unsupported or invalid ({len(known)} known "
        f"properties: {listed}])",
        name,
    )


def missing(element: str) -> Refusal:
    return Refusal(
        "2020",
        "Required param missing, need to supply the required value for the API",
        f"Required parameter {element} is missing in the request",
        element,
    )


def bad_id(element: str, value: str) -> Refusal:
    return Refusal(
        "2030", "Invalid ID", f"Id should be a valid number. Supplied value:{value}", element
    )


def bad_characters(element: str) -> Refusal:
    return Refusal(
        "2040",
        "Invalid characters",
        f"Property {element} has one or more characters that are not allowed",
        element,
    )


def bad_length(element: str, least: int, most: int, given: int) -> Refusal:
    return Refusal(
        "2050",
        "String length is either shorter or longer than supported by specification",
        f"Min:{least} Max:{most} supported. Supplied length:{given}",
        element,
    )


def out_of_range(element: str, least: str, most: str) -> Refusal:
    return Refusal("2050", "Number out of range", f"Min:{least} Max:{most} supported.", element)


def bad_request_id() -> Refusal:
    return Refusal(
        "2130",
        "Invalid Request Id Format",
        "The request id must have 1 to 50 characters.",
        "requestid",
    )


def bad_enum(element: str, value: str) -> Refusal:
    return Refusal("2170", "Invalid Enumeration", f"Invalid Enumeration : {value}", element)


def bad_reference(element: str, value: str) -> Refusal:
    return Refusal(
        "2500",
        "Invalid Reference Id",
        f"Invalid Reference Id : Names element id {value} not found",
        element,
    )


def query_syntax(detail: str) -> Refusal:
    return Refusal("4000", "Error parsing query", f"QueryParserError: {detail}")


def query_invalid(detail: str) -> Refusal:
    return Refusal("4001", "Invalid query", f"QueryValidationError: {detail}")


def bad_email(element: str) -> Refusal:
    return Refusal(
        "2210",
        "Invalid Email Address format",
        "Email Address does not conform to the syntax rules of RFC 822.",
        element,
    )


def stale() -> Refusal:
    return Refusal(
        "5010",
        "Stale Object Error",
        "Stale Object Error : You and root were working on this at the same time. "
        "root finished before you did, so your work was not saved.",
    )


def business_rule(detail: str, element: str = "") -> Refusal:
    return Refusal(
        "6000",
        "A business validation error has occurred while processing your request",
        detail,
        element,
    )


def cannot_link(transaction_id: str) -> Refusal:
    return Refusal(
        "620", "Transaction Not Linked", f"Transaction {transaction_id} cannot be linked.", "TxnId"
    )


def wrong_amount(amount: str, product: str) -> Refusal:
    return Refusal(
        "6070",
        "Amount calculation incorrect in the request",
        f"Amount is not equal to UnitPrice * Qty. Supplied value:{amount}, calculated:{product}",
        "Amount",
    )


def bad_us_tax_code(value: str) -> Refusal:
    return Refusal(
        "6100",
        "Invalid tax code",
        f"Line tax codes of US companies are TAX or NON. Supplied value:{value}",
        "TaxCodeRef",
    )


def duplicate_number(number: str, kind: str, owner: str) -> Refusal:
    return Refusal(
        "6140",
        "Duplicate Document Number Error",
        "Duplicate Document Number Error : You must specify a different number. This number has already "
        f"been used. DocNumber={number} is assigned to TxnType={kind} with TxnId={owner}",
        "DocNumber",
    )


def subscription_ended() -> Refusal:
    return Refusal(
        "6190",
        "Invalid Company Status",
        "Subscription period has ended or canceled or there was a billing problem.",
    )


def books_closed(until: str) -> Refusal:
    return Refusal(
        "6200",
        "Account Period Closed",
        f"The account period has closed and the account books cannot be updated: {until}",
        "TxnDate",
    )


def books_closed_with_password(until: str) -> Refusal:
    return Refusal(
        "6210",
        "Account Period Closed",
        f"The account period has closed, a password is needed to change it: {until}",
        "TxnDate",
    )


def open_balance(code: str) -> Refusal:
    return Refusal(code, "Delete List Has Balance", "You can't delete a name that has a balance.")


def deposited() -> Refusal:
    return Refusal(
        "6540",
        "Deposited Transaction cannot be changed",
        "This transaction is part of a deposit. Delete it from the deposit first.",
    )


def list_busy() -> Refusal:
    return business_rule(
        "Business Validation Error: You can only add or edit one product or service at a time. "
        "Please try again in a few moments."
    )


def duplicate_request_id() -> Refusal:
    return Refusal("600", "Duplicate Request ID", "This request id has been used before.")


def duplicate_name(owner: str) -> Refusal:
    return Refusal(
        "6240", "Duplicate Name Exists Error", f"The name supplied already exists. : {owner}"
    )


def wrong_account_type(element: str) -> Refusal:
    return Refusal(
        "6430",
        "Invalid account type used",
        "Invalid account type: the account's type does not fit here.",
        element,
    )
