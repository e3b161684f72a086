"""Plumbing: pipe, fittings, valves, fixtures, water heaters, and the work."""

# ruff: noqa: RUF001 (dashes and crosses as people type them)

from typing import Final

from local.price_book.family import Family, axis, family

_COPPER: Final = axis("""
1/2" | 050 | 100
3/4" | 075 | 162
1" | 100 | 238
1-1/4" | 125 | 331
1-1/2" | 150 | 420
2" | 200 | 655
2-1/2" | 250 | 940
3" | 300 | 1270
""")
_SMALL: Final = axis('3/8" | 038 | 88; 1/2" | 050; 3/4" | 075 | 165; 1" | 100 | 270')
_INCHES: Final = axis("""
1/2 in. | 050
3/4 in. | 075 | 148
1 in. | 100 | 226
1-1/4 in. | 125 | 352
1-1/2 in. | 150 | 441
2 in. | 200 | 617
""")
_DRAIN: Final = axis("1-1/2 in|15;2 in|20|128;3 in|30|246;4 in|40|391;6 in|60|1480")
_METRIC: Final = axis("15 mm|15;18 mm|18|118;22 mm|22|137;28 mm|28|189;35 mm|35|312")
_FINISH: Final = axis("Chrome|CP;Brushed Nickel|BN|128;Matte Black|MB|136;Oil Rubbed Bronze|RB|141")

PLUMBING: Final[tuple[Family, ...]] = (
    # Copper
    family(
        "CUP{wall}-{size}-{length} | ea | 17.80 | {size} x {length} Type {wall} Copper Pipe, Hard",
        "Hard drawn copper tube, type {wall}, sold by the {length} stick.",
        size=_COPPER,
        wall=axis("L;M||79;K||131"),
        length=axis("10'|10;20'|20|200"),
        slips={"tab": 4, "double": 3},
        again={"same": 5, "upper": 4},
    ),
    family(
        "CUS-{size}-{length} | coil | 52.40 | {size} x {length} Soft Copper Coil, Type L",
        size=_SMALL,
        length=axis("25'|25;50'|50|196;60'|60|233;100'|100|380"),
    ),
    family(
        "CF-{kind}-{size} | ea | 0.74 | Copper {kind} {size} C x C",
        "Wrot copper solder fitting, {kind}, {size} nominal.",
        kind=axis("""
90 Ell | E90
45 Ell | E45 | 122
Street 90 | S90 | 134
Tee | T | 171
Coupling w/ Stop | CS | 64
Repair Coupling | CR | 76
Cap | CAP | 58
Male Adapter | MA | 164
Female Adapter | FA | 208
Union | UN | 910
"""),
        size=_COPPER[:6],
        again={"lower": 4},
    ),
    family(
        "PRS-{kind}-{size} | EA | 4.95 | Clampwell {size} Press {kind}, Lead-Free",
        "Copper press fitting with EPDM seal; shows a leak when it was not pressed.",
        kind=axis("90 Ell|90;45 Ell|45|104;Tee|T|158;Coupling|C|82;Cap|P|71;Male Adapter|M|187"),
        size=_INCHES,
    ),
    # PEX: one code for the three colours of a coil
    family(
        "PEXB-{size}-{length} | ea | 38.90 | {size} x {length} PEX-B Tubing, {colour}",
        "Oxygen-permeable PEX-B for potable water, {colour}; not for closed heating loops.",
        size=_SMALL,
        length=axis("100' Coil|C1;300' Coil|C3|287;20' Stick|S2|34"),
        colour=axis("Red;Blue;White"),
    ),
    family(
        "PXF-{made}{kind}-{size} | ea | 2.18 | PEX {made} {kind} {size}",
        made=axis("Brass|B;Poly|P|57"),
        kind=axis("Ell|E;Tee|T|141;Coupling|C|83;Plug|P|70;Male Adapter|M|166;Drop Ear Ell|D|304"),
        size=_SMALL,
        again={"same": 3},
    ),
    # Drain, waste and vent
    family(
        "DWVP-{size}-{length} | stick | 9.60 | PVC DWV Pipe Sch 40 {size} x {length}",
        size=_DRAIN,
        length=axis("10 ft|10;20 ft|20|198"),
    ),
    family(
        "DWV{kind}{size} | ea | 1.62 | PVC DWV {kind} {size}",
        kind=axis("""
90 Ell | 090
45 Ell | 045 | 95
22-1/2 Ell | 022 | 133
Long Sweep 90 | LS9 | 162
Sanitary Tee | STE | 155
Wye | WYE | 214
Combo Wye & 1/8 Bend | CWB | 302
Coupling | CPL | 61
Cleanout w/ Plug | COP | 204
P-Trap | PTR | 331
Test Cap | TCP | 40
"""),
        size=_DRAIN,
        again={"recode": 4},
    ),
    family(  # the size stands in the code alone
        "ABS-{kind}-{size} | ea | 2.05 | ABS {kind}",
        kind=axis("Sanitary Tee|ST|166;90 Ell|90;45 Ell|45|94;Wye|WY|231;Closet Flange|CF|420"),
        size=_DRAIN[:4],
    ),
    family(
        "CPV-{kind}-{size} | ea | 0.68 | {size} CPVC {kind}, CTS",
        kind=axis("90 Ell|90;Tee|T|131;Coupling|C|77;Transition Union|TU|1190"),
        size=axis('1/2"|05;3/4"|07|160;1"|10|355'),
    ),
    # Threaded
    family(
        "NIP{made}-{size}-{length} | EA | 1.12 | {made} Nipple {size} x {length}",
        made=axis("Black|B;Galvanized|G|138;Red Brass|R|410;Chrome Brass|C|565"),
        size=axis('1/4"|025|84;3/8"|038|92;1/2"|050;3/4"|075|129;1"|100|187'),
        length=axis('Close|CL;2"|20|112;3"|30|139;4"|40|170;6"|60|232'),
        again={"same": 6, "upper": 5},
    ),
    family(
        "BM-{kind}-{size} | EA | 1.84 | Black Malleable {kind}, {size} 150#",
        kind=axis("90 Ell|90;Street Ell|SE|131;Tee|TE|142;Coupling|CO|108;Union|UN|392;Cap|CA|74"),
        size=_INCHES,
    ),
    family(
        "CMP-{kind}-{size} | pc | 6.35 | Compression {kind} Ø {size}, Brass",
        "Imported metric compression fitting for European fixtures, DZR brass.",
        kind=axis("Straight|S;Elbow 90°|E|123;Tee|T|177;Stop End|X|81"),
        size=_METRIC,
    ),
    # Valves
    family(
        "BV{brand}{end}{size} | ea | 13.70 | {brand} {size} Full Port Ball Valve, {end}, Lead-Free",
        "{brand} forged brass ball valve, 600 WOG, {end} ends, blow-out proof stem.",
        brand=axis("Ironbay|IB;Tidewell|TW|112"),
        end=axis("Sweat|S;FIP|F|106;Press|P|149"),
        size=_INCHES,
        slips={"trail": 3},
        again={"lower": 3},
    ),
    family(
        "SV-{style}-{inlet} | ea | 8.45 | Supply Stop 1/4 Turn {style}, {inlet} x 3/8 OD",
        style=axis("Angle|A;Straight|S|98;Angle w/ 12 in Braided Line|AB|174"),
        inlet=axis("1/2 Sweat|SW;1/2 FIP|FI|104;1/2 PEX|PX|109;5/8 Comp|CO|117"),
    ),
    family(
        "BFP-{kind}-{size} | ea | 168.00 | Backflow Tidewell {kind}, {size}",
        "Testable assembly; the annual test by a certified tester is billed apart.",
        kind=axis("""
Double Check 950T | DC
Reduced Pressure 975T | RP | 176
Pressure Vacuum Breaker | PV | 64
"""),
        size=_INCHES,
    ),
    family(
        "PRV-{size} | ea | 82.50 | Pressure Reducing Valve {size} – 25 to 75 psi, Union x FIP",
        size=_INCHES,
    ),
    # Fixtures
    family(
        "FCT-{brand}{kind}-{finish} | ea | 118.00 | Faucet: {brand} {kind}, {finish}",
        "{brand} {kind} with ceramic disc cartridge and supply lines, {finish} finish.",
        brand=axis("Aldermoor|AM;Brightwater|BW|137"),
        kind=axis("""
Single Handle Lavatory | L1
Widespread Lavatory 8" | L8 | 162
Pull-Down Kitchen | KP | 178
Bar & Prep | BP | 121
Roman Tub w/ Handshower | RT | 344
"""),
        finish=_FINISH,
        slips={"tab": 3},
        again={"upper": 3},
    ),
    family(
        "WC-{brand}{bowl}{rough}{colour} | ea | 214.00 | "
        "Toilet {brand} {bowl} {rough} Rough-In {colour}",
        brand=axis("Aldermoor Vale|AV;Brightwater Duo|BD|131"),
        bowl=axis("Round|R;Elongated|E|118"),
        rough=axis('10"|10|124;12"|12;14"|14|131'),
        colour=axis("White|W;Biscuit|B|115"),
    ),
    family(
        "SNK-{size}-{made} | ea | 259.00 | Kitchen Sink {size} {made}, Undermount",
        "Undermount bowl with clips and cutting template; strainers not included.",
        size=axis('23" x 18"|2318;30" x 18"|3018|128;33" x 22"|3322|147'),
        made=axis("16 ga Stainless|SS;Granite Composite|GC|152;Fireclay|FC|271"),
    ),
    family(
        "SHV-{trim}-{finish} | set | 146.00 | Shower Trim {trim} {finish}",
        trim=axis("Pressure Balance|PB;Thermostatic 3/4|TH|236;w/ Tub Spout & Diverter|TS|138"),
        finish=_FINISH,
    ),
    family(
        "FLX-{kind}-{length} | ea | 6.20 | Braided Supply Line {kind} {length}",
        kind=axis("Faucet 3/8 x 1/2|F;Toilet 3/8 x 7/8|T|96;Dishwasher 3/8|D|183;Washer|W|171"),
        length=axis('12"|12;16"|16|107;20"|20|114;60"|60|221'),
    ),
    family(
        "DSP-{hp}{feed} | ea | 129.00 | Kestrel Garbage Disposal {hp} HP {feed}",
        hp=axis("1/3|13|82;1/2|12;3/4|34|156;1|1H|219"),
        feed=axis("Continuous Feed|C;Batch Feed|B|148"),
    ),
    family(
        "SMP-{hp}-{made} | ea | 148.00 | Sump Pump {hp} HP {made}, Vertical Float",
        hp=axis("1/3|13;1/2|12|124;3/4|34|171"),
        made=axis("Thermoplastic|TP;Cast Iron|CI|143;Stainless|SS|188"),
    ),
    family(
        "FIL-{micron}-{size} | ea | 7.90 | Sediment Filter Cartridge {micron} µm, {size}",
        micron=axis("1|01|134;5|05;20|20|94;50|50|88"),
        size=axis('10" Slim|10S;10" Big Blue|10B|238;20" Big Blue|20B|402'),
    ),
    family(
        "HGR-{kind}-{size} | ea | 0.09 | {kind} {size}",
        kind=axis("""
Copper Strap | CS
Bell Hanger | BH | 1900
Split Ring | SR | 2600
J-Hook | JH | 800
Talon Clip | TC
"""),
        size=_INCHES[:4],
    ),
    # Water heaters
    family(
        "WH{brand}-{fuel}{gallons}-{warranty} | ea | 612.00 | "
        "Water Heater: {brand} {gallons} gal {fuel}, {warranty} yr",
        "{gallons} gallon {fuel} storage heater with {warranty} year tank warranty. Requires "
        "expansion tank, drain pan and code-compliant venting where the authority asks for them.",
        brand=axis("Brightwater ProLine|BP;Halbrook Steward|HS|93"),
        fuel=axis("Natural Gas|NG;Propane|LP|108;Electric|EL|79"),
        gallons=axis("40|40;50|50|112;75|75|228"),
        warranty=axis("6|6;12|12|127"),
    ),
    family(
        "WHI-{gallons}{fuel}-{option} | job | 1890.00 | "
        "Water Heater: remove and dispose of existing tank, supply and install {gallons} gal {fuel} "
        "water heater incl. pan, supply lines, gas or electric connection and permit, {option}",
        "Flat rate. Includes two hours of haul-away, new flexible connectors, a seismic strap where "
        "required, a pressure and temperature relief line to the floor, start-up, and a one year "
        "labor warranty. Does not include drywall repair, asbestos, or bringing an undersized gas "
        "line up to code.",
        gallons=axis("40|40;50|50|109;75|75|164"),
        fuel=axis("natural gas|N;propane|P|106;electric|E|88"),
        option=axis("""
in garage, ground floor | GAR
in basement, stairs under 12 steps | BSM | 104
in attic with new platform | ATT | 129
in closet with louvered door | CLO | 112
with leak sensor & shut-off valve | LSV | 121
"""),
    ),
    family(
        "TKL-{gpm}{place}-{fuel} | ea | 1145.00 | "
        "Tankless {gpm} GPM {place} {fuel}, Caldwyn Swift w/ coaxial vent",
        gpm=axis("6.6|66;8.4|84|118;9.8|98|137;11.0|110|162"),
        place=axis("Indoor|I;Outdoor|O|96"),
        fuel=axis("NG;LP||102"),
    ),
    # Gas, wells, outdoors
    family(
        "CSST-{kind}-{size} | ea | 11.40 | Flexigas CSST {kind} {size}",
        "Arc-resistant corrugated stainless gas piping; install only with Flexigas training card.",
        kind=axis("""
Male Fitting | MF
Coupling | CP | 168
Tee | TE | 231
Flange Kit | FK | 244
Striker Plate | SP | 38
"""),
        size=axis("3/8|38|86;1/2|12;3/4|34|152;1|10|237"),
    ),
    family(
        "WPS-{hp}{gpm}-{wires} | ea | 498.00 | "
        "Submersible Well Pump {hp} HP {gpm} GPM 230 V {wires}-Wire",
        hp=axis("1/2|05;3/4|07|121;1|10|148;1-1/2|15|196"),
        gpm=axis("7|07|104;10|10;15|15|109"),
        wires=axis("2;3||112"),
    ),
    family(
        "HYD-{kind}-{length} | ea | 34.00 | {kind} {length}",
        kind=axis("Frost-Free Sillcock|FS;Yard Hydrant, Bury|YH|288;Wall Hydrant w/ Key|WH|341"),
        length=axis("4 in|04;6 in|06|106;8 in|08|112;10 in|10|121"),
    ),
    family(
        "INS-{size}-{wall} | ea | 1.68 | Pipe Insulation {size} ID x {wall} Wall, 6 ft",
        "Self-sealing closed cell foam, {wall} wall, to 220 degrees.",
        size=axis("1/2|05;3/4|07|114;1|10|131;1-1/4|12|156;1-1/2|15|178;2|20|214"),
        wall=axis("3/8|38;1/2|12|138;3/4|34|203;1|10|289"),
    ),
    family(
        "RPR-{brand}-{part} | ea | 9.60 | {brand} {part}",
        brand=axis("Aldermoor|AM;Brightwater|BW|112;Universal|UN|74;OEM|OE|148"),
        part=axis("""
Flapper 2 in | FL2 | 71
Flapper 3 in | FL3 | 84
Fill Valve | FIL | 118
Tank Lever | LEV | 92
Cartridge, Single Handle | CSH | 288
Cartridge, Pressure Balance | CPB | 521
Stem & Seat | STS | 146
Wax Ring w/ Horn | WAX | 58
"""),
        again={"recode": 4},
    ),
    family(
        "SHB-{size}{drain} | ea | 288.00 | Shower Base {size} {drain} Drain",
        size=axis("36 x 36|3636;48 x 34|4834|117;60 x 30|6030|134;60 x 36|6036|151"),
        drain=axis("Left|L;Center|C;Right|R"),
    ),
    family(
        "RCR-{size}-{made}{gallons} | set | 689.00 | "
        "{size} in {made} recirculation package for homes up to {gallons} fixtures, with pump, check "
        "valve, timer, aquastat, isolation flanges and 50 ft of insulated return",
        "Assembled in the shop from parts listed elsewhere in this book.",
        size=axis("1/2|05;3/4|07|118;1|10|141"),
        made=axis("bronze|B|124;stainless|S|131;copper press|C"),
        gallons=axis("8;16||117;24||138"),
    ),
    # Work
    family(
        "RPX-{baths}-{made}-{floors} | job | 6450.00 | "
        "Whole house repipe, {baths} bathroom home, all hot and cold water lines replaced with {made}, "
        "new stops and supplies, walls opened but not patched, {floors}",
        "Two to four days. Water is back on every evening; drywall and paint by others.",
        baths=axis("1|1;1-1/2|15|118;2|2|136;2-1/2|25|154;3|3|175"),
        made=axis("PEX-A|A;Type L copper|L|187"),
        floors=axis("slab|S|108;crawl space|C;2 stories|2|126"),
        again={"same": 3},
    ),
    family(
        "DRN-{line}-{time} | visit | 129.00 | Drain Cleaning {line}, {time}",
        "Cable machine through an accessible cleanout; a second machine or jetter is billed apart.",
        line=axis("Kitchen|K;Lavatory|L|92;Tub & Shower|T|104;Main Sewer|M|192;Floor Drain|F|118"),
        time=axis("Regular Hours|R;Evening|E|148;Weekend|W|165;Holiday|H|210"),
    ),
    family(
        "SWR-{length}{size}-{surface} | job | 3980.00 | "
        "Sewer line replacement {length} ft of {size} in SDR-35, excavation up to 6 ft deep, bedding, "
        "two-way cleanout and backfill, {surface}",
        length=axis("20|020;40|040|172;60|060|243"),
        size=axis("4;6||118"),
        surface=axis("""
lawn, reseeded | LW
gravel | GR | 103
asphalt, patched | AS | 141
concrete, patched | CO | 163
"""),
    ),
)
