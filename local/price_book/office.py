"""What the office typed by hand: fees, promises, specials, and rows nobody dares to delete.

`code | unit | price | name | description`, one a line.
"""

# ruff: noqa: RUF001 (dashes and crosses as people type them)

from typing import Final

from local.price_book.family import Family, axis, family, singles

OFFICE: Final[tuple[Family, ...]] = (
    *singles(r"""
EST-FREE | ea | 0.00 | Free estimate | No charge within 25 miles of the shop.
EST-PAID | ea | 89.00 | Estimate: written, with drawings & load calculation
WAR-1 | visit | 0.00 | Warranty visit | Return visit within the labor warranty.
WAR-2 | visit | 0.00 | Warranty visit: manufacturer's parts
WAR-3 | visit | 0.00 | Warranty – no fault found
CALLBK | visit | 0.00 | Call back
NOCHG |  | 0.00 | No charge
NOTE |  | 0.00 | *** see notes ***
GOODWILL |  | 0.00 | Goodwill (owner's OK needed!)
DISC-10 |  | 0.00 | 10% off
DISC-VET |  | 0.00 | Veterans' & seniors' discount 5%
PHOTO | ea | 0.00 | Photos before/after
MEM-A | yr | 189.00 | Membership "Comfort+" 1 system
MEM-B | yr | 319.00 | Membership "Comfort+" 2 systems
MEM-C | mo | 16.95 | Membership "Comfort+" monthly
TRIP | ea | 49.00 | Trip charge
TRIP-FAR | ea | 95.00 | Trip charge > 25 miles
FUEL | ea | 12.50 | Fuel surcharge
SHOP | % | 3.50 | Shop supplies %
HAZ | ea | 18.00 | Refrigerant/oil disposal & EPA fee
PPE | ea | 4.75 | PPE + drop cloths
CC-FEE | % | 2.90 | Card fee 2.9% + 30¢
PUT-14 | ea | 4.19 | Plumber's Putty 14 oz
FLUX-8 | ea | 9.85 | Flux & Brush, 8 oz
SLDR | lb | 34.50 | Solder 95/5 \ lead free
PTFE | roll | 1.19 | PTFE Tape 1/2" x 520"
DOPE | pt | 12.40 | Pipe Dope w/ PTFE "The White Stuff"
RELAY-S | ea | 38.60 | Switching relay 24V\120V, 1 zone
RELAY-M | ea | 148.00 | Switching relay 24V\120V, 4 zone
UNC | ea | 0.00 | \\server\pricebook\old\misc
GLY-50 | gal | 19.80 | Propylene glycol 50%/50% premix (−28 °F)
VNG-30 | gal | 17.20 | Vinegar 30% + surfactant, weed control
SALE-1 | ea | 79.00 | <b>SPRING SALE</b> A/C tune-up
SALE-2 | ea | 59.00 | <b>New customer</b> drain special
SALE-3 | ea | 1.00 | Do not use &amp; do not delete
PLUS-1 | ea | 149.00 | +1 year labor warranty
PLUS-5 | ea | 549.00 | +5 years parts & labor
FORM-1 | ea | 0.00 | =NEW ITEM=
EMO-1 | visit | 99.00 | 🔥 Boiler check-up special
EMO-2 | visit | 89.00 | ❄️ Winterize sprinklers
EMO-3 | visit | 129.00 | 🚽 Unclog toilet – any hour
EMO-4 | visit | 149.00 | ⚡ Panel health check ⚡
EMO-5 | visit | 69.00 | 🌳🌳 Two-tree pruning deal
EMO-6 | ea | 25.00 | Gift card 🎁
EMO-7 | visit | 199.00 | 👨‍🔧 Senior tech, first hour
ZH-1 | ea | 1120.00 | 热水器安装 Water heater install 50 gal
ZH-2 | visit | 149.00 | 疏通下水道 Drain cleaning
ZH-3 | visit | 139.00 | 暖气检修 Heating check
HE-1 | visit | 149.00 | תיקון דוד שמש Solar water heater repair
HE-2 | visit | 129.00 | פתיחת סתימה
AR-1 | visit | 149.00 | إصلاح سخان المياه Water heater repair
AR-2 | visit | 139.00 | صيانة التدفئة
VI-1 | visit | 129.00 | Sửa ống nước – leak repair
RU-1 | visit | 139.00 | Ремонт котла / boiler repair
ES-1 | visit | 129.00 | Reparación de tubería
ES-2 | visit | 149.00 | Instalación eléctrica, por hora
ES-3 | visit | 45.00 | Jardinería: corte de césped
ES-4 | visit | 99.00 | Revisión de calefacción, otoño
PL-250 | lot | 48900.00 | Generator 250 kW diesel, sound enclosure, 600 A ATS, pad by others
PL-TURF | lot | 84500.00 | Athletic field renovation: laser grade, drainage & sod, 75,000 sq ft
PL-CHP | lot | 126750.00 | Central plant replacement, Lincoln Middle School (bid 3)
"""),
    family(
        "NFC-{work} | visit | 118.00 | {work}",
        work=axis("""
Fosa séptica: inspección | FS
Válvula de presión, cambio | VP
Décalcification chaudière | DC
"""),
        again={"nfd": 3, "same": 2},
    ),
    # One name, many prices: each of these was entered whenever someone could not find the last one
    family("LAB-{who} | hr | 95.00 | Labor", who=axis("AP||62;JR||100;MA||142;OT||150;SU||180")),
    family("LBR-{who} | hour | 95.00 | labor", who=axis("1;2||120")),
    family(
        "HR-{who}-{trade} | hr | 78.00 | Labor: {who}",
        who=axis("Apprentice|A|74;Journeyman|J|138;Master|M|182;Helper|H|61"),
        trade=axis("PL;HT||104;EL||106;LS||78"),
    ),
    family(
        "PRM-{town} | ea | 65.00 | Permit",
        "Fee of the authority and our time at the counter.",
        town=axis("A;B||118;C||142;D||190;E||77;F||131"),
    ),
    family("MSC-{n} | ea | 1.00 | Misc. parts", n=axis("01;02||500;03||1000;04||2500;05||5000")),
    family("DMP-{n} | load | 45.00 | Dump fee", n=axis("1;2||140;3||220;4||310")),
    family(
        "RNT-{tool}-{time} | {time} | 68.00 | Rental {tool}, {time}",
        tool=axis("""
Mini Excavator | ME | 410
Trencher | TR | 231
Skid Steer | SK | 388
Scissor Lift | SL | 204
Jetter | JT | 188
"""),
        time=axis("half day|H|62;day|D;week|W|371"),
    ),
    family(
        "AGR-{plan}-{units} | yr | 229.00 | "
        "Maintenance agreement, {plan}, two visits a year with filters, cleaning, safety and combustion "
        "tests, priority dispatch, {units}",
        "What the plan covers: a spring visit for cooling and an autumn visit for heating, each with "
        "cleaning of coils, burners and condensate lines, measuring of temperature rise, static "
        "pressure, combustion and charge, tightening of electrical connections, and new standard "
        "filters up to one inch. Members pay no trip charge in regular hours, are served before "
        "other callers on the same day, and get 15 % off repairs. What it does not cover: parts, "
        "refrigerant, media filters, equipment over 20 years old, damage by flood, frost, lightning "
        "or rodents, and anything that has to be opened with a saw. The plan renews each year unless "
        "ended in writing 30 days before, may be passed on to the buyer of the house, and is refunded "
        "by the month if no visit has been made. Prices hold for twelve months from the first visit.",
        plan=axis("Silver|S;Gold|G|141;Platinum|P|198"),
        units=axis("1 system|1;2 systems|2|182;3 systems|3|251"),
    ),
    family(
        "BFI-{kind} | ea | 94.00 | "
        "Annual inspection of {kind} assembly with certified gauge, tag, and the form filed with the "
        "city, by the water department's deadline",
        kind=axis("backflow|BF"),
    ),
    # Names of just 100 characters, of 101, and of 100 that are 101 units of UTF-16
    family(
        "LIM-{tons} | ea | 389.00 | "
        "Annual service of rooftop unit up to {tons} tons, filters & belts included, ladder access, "
        "report emailed",
        tons=axis("5;10||115"),
    ),
    family(
        "LIM-{tons} | ea | 512.00 | "
        "Annual service of rooftop unit up to {tons} ton, filters & belts included, lift access, "
        "report emailed 📧",
        tons=axis("15"),
    ),
)
