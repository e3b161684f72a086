"""Electrical: wire, raceway, devices, distribution, lighting, and the work."""

# ruff: noqa: RUF001 (dashes and crosses as people type them)

from typing import Final

from local.price_book.family import Family, axis, family

_TRADE: Final = axis("""
1/2" | 050
3/4" | 075 | 152
1" | 100 | 248
1-1/4" | 125 | 371
1-1/2" | 150 | 452
2" | 200 | 577
""")
_BARE: Final = axis("1/2|050;3/4|075|152;1|100|248;1-1/4|125|371;1-1/2|150|452;2|200|577")
_COLOURS: Final = axis("Black|BK;White|WH;Red|RD;Green|GN")
_DEVICE: Final = axis("White|W;Ivory|I;Light Almond|LA;Gray|GY|108")
_AMPS: Final = axis("15|15;20|20;30|30|112;40|40|118;50|50|124;60|60|141")

ELECTRICAL: Final[tuple[Family, ...]] = (
    # Wire: one code for the colours of a reel
    family(
        "THHN{gauge}-{reel} | reel | 68.00 | THHN #{gauge} {strand} {colour}, {reel} ft",
        gauge=axis("14|14|66;12|12;10|10|158;8|08|262"),
        strand=axis("STR"),
        reel=axis("500|05;2500|25|488"),
        colour=_COLOURS,
        again={"upper": 2},
    ),
    family(
        "XHHW-{gauge}-{made} | ft | 0.94 | XHHW-2 {gauge} {made}",
        gauge=axis("#6|6;#4|4|149;#2|2|226;1/0|10|351;2/0|20|438;4/0|40|688;250 kcmil|250|811"),
        made=axis("Copper|CU;Aluminum|AL|31"),
    ),
    family(
        "NMB{gauge}{wires}-{length} | coil | 34.00 | NM-B {gauge}/{wires} w/ Ground, {length} Coil",
        "Nonmetallic sheathed cable for dry locations, {gauge} AWG copper, jacket in the color code.",
        gauge=axis("14|14;12|12|144;10|10|229;8|08|402;6|06|588"),
        wires=axis("2|2;3|3|143"),
        length=axis("25'|025|38;50'|050|64;100'|100;250'|250|231"),
        again={"same": 4, "lower": 2},
    ),
    family(
        "MC{gauge}{wires} | coil | 148.00 | MC Cable {gauge}-{wires} Solid, 250 ft, {jacket}",
        gauge=axis("14|14|88;12|12;10|10|158"),
        wires=axis("2|2;3|3|139"),
        jacket=axis("Aluminum;Steel||112;HCF Green||151"),
    ),
    family(
        "UF-{gauge}{wires} | ft | 0.88 | UF-B {gauge}/{wires} Direct Burial",
        gauge=axis("14|14|78;12|12;10|10|162"),
        wires=axis("2|2;3|3|144"),
    ),
    family(
        "CAT-{grade}{jacket} | box | 112.00 | {grade} {jacket} Cable 1000' Pull Box",
        grade=axis("Cat 5e|5E;Cat 6|6|138;Cat 6A|6A|241;RG-6 Quad|R6|92"),
        jacket=axis("CMR|R;CMP|P|188;Direct Burial|D|174"),
    ),
    # Raceway
    family(
        "{kind}-{size}-10 | stick | 6.90 | {kind} Conduit {size} x 10'",
        kind=axis("EMT;IMC||278;RMC||341;PVC40||72;PVC80||98"),
        size=_TRADE,
        slips={"tab": 2, "double": 3},
        again={"upper": 3, "same": 4},
    ),
    family(
        "EF-{kind}-{size} | ea | 0.42 | EMT {kind} {size}",
        kind=axis("""
Set Screw Connector | SSC
Set Screw Coupling | SSP | 104
Compression Connector | CMC | 148
Compression Coupling | CMP | 155
90 Elbow | E90 | 1060
45 Elbow | E45 | 1010
One Hole Strap | OHS | 33
Two Hole Strap | THS | 41
Offset Connector | OFC | 470
"""),
        size=_BARE,
        again={"recode": 3},
    ),
    family(  # the size stands in the code alone
        "PVF-{kind}-{size} | ea | 0.58 | PVC Conduit {kind}",
        kind=axis("""
Male Adapter | MA
Female Adapter | FA | 109
Coupling | CP | 81
LB | LB | 611
Expansion | EX | 2210
"""),
        size=_TRADE,
    ),
    family(
        "LT-{kind}-{size} | ea | 3.30 | Liquidtight {kind} {size}",
        "Sunlight resistant, listed for wet locations with its own fittings.",
        kind=axis("Conduit per ft|CD|51;Straight Conn.|ST;90° Conn.|90|156;Whip 6'|WH|712"),
        size=_BARE[:4],
    ),
    family(
        "BX-{kind}-{depth} | ea | 2.15 | Box, {kind} {depth} Deep",
        kind=axis("""
4" Square | 4SQ
4" Octagon | 4OC | 94
4-11/16" Square | 411 | 171
Handy 2" x 4" | HDY | 88
1 Gang Old Work | 1OW | 119
2 Gang Old Work | 2OW | 178
3 Gang Nail-On | 3NO | 201
Masonry 2 Gang | MS2 | 461
"""),
        depth=axis('1-1/2"|15;2-1/8"|21|118;3-1/2"|35|166'),
        again={"same": 3},
    ),
    family(
        "JB-{size}{nema} | ea | 28.00 | Pull Box {size}, NEMA {nema}",
        size=axis("6x6x4|664;8x8x4|884|128;10x10x6|10106|182;12x12x6|12126|224;18x18x8|18188|489"),
        nema=axis("1|1;3R|3R|131;4X|4X|366"),
    ),
    # Devices
    family(
        "RCP-{kind}-{colour} | ea | 1.35 | Receptacle {kind} {colour}",
        kind=axis("""
15A Duplex TR | 15T
20A Duplex TR | 20T | 188
15A Decora TR | 15D | 155
20A GFCI TR/WR | 20G | 1540
20A AFCI/GFCI | 20AG | 2980
15A Decora w/ USB-C 30 W | USB | 2210
20A Hospital Grade | 20H | 940
"""),
        colour=_DEVICE,
        again={"lower": 3},
    ),
    family(
        "SWT-{kind}-{colour} | ea | 1.10 | Switch {kind} {colour}",
        kind=axis("""
15A Single Pole | 151
15A 3-Way | 153 | 171
15A 4-Way | 154 | 980
20A Single Pole | 201 | 366
Dimmer 150 W LED | DIM | 2180
Occupancy Sensor | OCC | 2490
Timer 60 min | TMR | 2260
Smart Z-Wave Dimmer | ZWD | 4380
"""),
        colour=_DEVICE,
    ),
    family(  # one code for all colours
        "WP-{gangs}{kind} | ea | 0.48 | Wall Plate {gangs} Gang {kind} – {colour}",
        gangs=axis("1|1;2|2|188;3|3|331"),
        kind=axis("Toggle|T;Decora|D|118"),
        colour=_DEVICE[:3],
    ),
    # Distribution
    family(
        "BRK-{brand}{poles}{amps} | ea | 7.80 | Breaker: {brand} {poles}-Pole {amps} A",
        "Plug-on thermal-magnetic breaker, 10 kAIC. Match the panel's label, not its looks.",
        brand=axis("Voltrane Type V|VT;Homestead Type HS|HS|93;Square D QO|QO|171"),
        poles=axis("1|1;2|2|214"),
        amps=_AMPS,
        slips={"trail": 2, "lead": 2},
        again={"same": 4, "upper": 3},
    ),
    family(
        "AFB-{brand}{amps}{kind} | ea | 46.00 | {brand} {amps} A {kind} Breaker",
        brand=axis("Voltrane|VT;Homestead|HS|96"),
        amps=axis("15|15;20|20"),
        kind=axis("CAFI|A;GFCI|G|104;Dual Function|D|118;Surge|S|141"),
    ),
    family(
        "PNL-{amps}{spaces}{place}{kind} | ea | 118.00 | "
        "Load Center Voltrane {amps} A {spaces} Space {place}, Main {kind}",
        "Copper bus, {spaces} spaces, main {kind}; breakers not included.",
        amps=axis("100|10;125|12|111;200|20|159"),
        spaces=axis("20|20;30|30|124;42|42|153"),
        place=axis("Indoor|I;Outdoor|O|127"),
        kind=axis("Breaker|B;Lug|L|82"),
    ),
    family(
        "DSC-{amps}{fused}{volt} | ea | 31.00 | Safety Switch {amps} A {fused} {volt} V",
        amps=axis("30|03;60|06|129;100|10|238;200|20|511"),
        fused=axis("Fusible|F|131;Non-Fused|N"),
        volt=axis("240|2;600|6|188"),
    ),
    family(
        "SVC-{amps}-{feed}-{extra} | job | 2650.00 | "
        "Service upgrade to {amps} A, new meter base, mast or riser, main panel, grounding electrode "
        "system, permit and utility coordination, {feed}, {extra}",
        "Includes labeling of all circuits moved, two ground rods, bonding of water and gas, the "
        "inspection and one return visit. Excludes trenching, stucco, and fees of the utility.",
        amps=axis("100|10;125|12|108;200|20|129;400|40|262"),
        feed=axis("overhead|O;underground|U|134"),
        extra=axis("""
panel in place | P
panel moved up to 10 ft | M | 122
panel moved & 10 circuits extended | ME | 151
panel outdoors with interlock kit | IK | 138
"""),
        again={"same": 3},
    ),
    family(
        "GEN-{kw}{fuel}-{switch} | ea | 3890.00 | "
        "Standby Generator Ironbay {kw} kW {fuel} w/ {switch} A ATS",
        kw=axis("10|010|79;14|014;18|018|122;24|024|148"),
        fuel=axis("NG;LP||101"),
        switch=axis("100|1;200|2|114"),
    ),
    family(
        "EVC-{amps}-{plug}-{length} | job | 1240.00 | "
        "EV charger {amps} A level 2, supply and install in attached garage with dedicated circuit in "
        "{plug}, load calculation and permit, {length}",
        "The charger itself is supplied by the owner or listed apart.",
        amps=axis("32|32|92;40|40;48|48|111"),
        plug=axis("NM-B cable|NM|91;EMT conduit|EM"),
        length=axis("""
panel in same garage | 0
up to 30' from panel | 30 | 118
up to 60' from panel | 60 | 141
up to 100' from panel, crawl space | 100C | 192
"""),
    ),
    family(
        "GRD-{kind} | ea | 4.60 | {kind}",
        kind=axis("""
Ground Rod 5/8" x 8' | GR58 | 370
Ground Rod 3/4" x 10' | GR34 | 720
Acorn Clamp 5/8" | AC58 | 61
Water Pipe Clamp 1/2"-1" | WPC | 98
Intersystem Bonding Bridge | IBB | 261
Bare Copper #6 per ft | BC6 | 23
Bare Copper #4 per ft | BC4 | 34
"""),
    ),
    family(
        "WN-{colour}-{pack} | {pack} | 3.40 | Wire Connector {colour}, {pack}",
        colour=axis("Yellow|Y;Red|R|112;Tan|T|128;Blue Waterproof|B|310"),
        pack=axis("Bag of 25|25;Box of 100|100|318;Jar of 500|500|1380"),
    ),
    # Lighting
    family(
        "LED-{kind}-{kelvin} | ea | 11.50 | LED {kind} {kelvin} K",
        "Dimmable to 10 %, CRI 90, {kelvin} K, rated 50,000 hours.",
        kind=axis("""
Wafer 4" | W4
Wafer 6" | W6 | 117
Retrofit Can 6" | R6 | 131
Troffer 2' x 4' | T24 | 561
Vapor Tight 4' | VT4 | 478
High Bay 150 W | HB | 988
Wall Pack 40 W | WP | 611
Flood 20 W | FL | 288
"""),
        kelvin=axis("2700|27;3000|30;3500|35;4000|40;5000|50"),
        again={"same": 3, "upper": 3},
    ),
    family(
        "LMP-{base}-{watts} | ea | 2.20 | Lamp {base} {watts} W",
        base=axis("A19|A;BR30|B|158;PAR38|P|289;MR16 GU10|M|141;T8 G13|T|188"),
        watts=axis("7|07|92;9|09;12|12|119;15|15|134"),
    ),
    family(
        "FAN-{kind}-{size} | ea | 78.00 | Bath Fan Kestrel {kind} {size} CFM, Ø 100 mm",
        kind=axis("Quiet|Q;Quiet w/ Light|QL|134;w/ Heater|H|241"),
        size=axis("50|05;80|08|116;110|11|138;150|15|171"),
    ),
    family(
        "SMK-{kind} | ea | 19.00 | Alarm {kind}",
        kind=axis("""
Smoke 120 V w/ Battery | S12
Smoke 10 yr Sealed | S10 | 121
CO 120 V | C12 | 168
Smoke + CO 120 V | SC | 231
Heat 135 °F | H135 | 158
Heat 194 °F | H194 | 161
Strobe, ADA | STR | 588
"""),
    ),
    # Gear
    family(
        "FU-{kind}-{amps} | ea | 4.10 | Fuse {amps} A {kind}",
        "Dual-element time delay, 200 kAIC; keep three of each size on the truck.",
        kind=axis("""
Class RK5 250 V | R2
Class RK5 600 V | R6 | 198
Class J 600 V | J | 344
Class CC 600 V | CC | 251
"""),
        amps=axis("3|003|108;5|005|104;10|010;15|015;20|020;30|030;35|035|188;60|060|204"),
        again={"recode": 4},
    ),
    family(
        "XFM-{kva}-{primary} | ea | 388.00 | Dry Type Transformer {kva} kVA {primary}",
        kva=axis("3;5||129;7.5|75|161;10||188;15||246;25||361;37.5|375|512;45||588"),
        primary=axis("480-120/240 1Ph|A;480-208Y/120 3Ph|B|148;208-480Y/277 3Ph|C|161"),
    ),
    family(
        "LUG-{wire}-{hole} | ea | 2.40 | Copper Compression Lug {wire}, {hole} Hole",
        wire=axis("#8|8|78;#6|6;#4|4|118;#2|2|141;1/0|10|188;2/0|20|216;4/0|40|281"),
        hole=axis("1;2||144"),
    ),
    family(
        "STR-{kind} | ea | 3.20 | Strut {kind}",
        kind=axis("""
Channel 1-5/8 x 10 ft Pregalv | C10 | 812
Channel 13/16 x 10 ft Pregalv | S10 | 561
Channel 1-5/8 x 10 ft Stainless | SS10 | 3910
90 Degree Bracket 4 Hole | B94 | 141
Spring Nut 1/4-20 | N14 | 28
Spring Nut 3/8-16 | N38 | 33
Square Washer 3/8 | W38 | 22
Pipe Clamp 1/2 EMT | P05 | 31
Pipe Clamp 3/4 EMT | P07 | 34
Pipe Clamp 1 EMT | P10 | 42
"""),
    ),
    family(
        "JCK-{kind}-{colour} | ea | 2.90 | Keystone {kind} {colour}",
        kind=axis("Cat 5e|5E|78;Cat 6|6;Cat 6A|6A|231;Coax F|CX|92;HDMI|HD|318;Blank|BL|14"),
        colour=axis("White|W;Black|K;Blue|B;Orange|O"),
    ),
    family(
        "CRD-{gauge}{wires} | ft | 1.05 | SJOOW Cord {gauge}/{wires}",
        gauge=axis("16|16|78;14|14;12|12|141;10|10|209"),
        wires=axis("2;3||128;4||161"),
    ),
    family(
        "SCR-{kind}-{pack} | {pack} | 6.80 | {kind}, {pack}",
        kind=axis("""
Self-Tapping Screw #8 x 3/4 | S8
Drywall Anchor w/ Screw | DA | 131
Toggle Bolt 1/4 x 3 | TB | 241
Tapcon 1/4 x 1-3/4 | TC | 268
Cable Staple 14/2 | ST | 58
Zip Tie 11 in Black | ZT | 74
"""),
        pack=axis("box of 100|C;box of 500|D|421"),
    ),
    family(
        "CTR-{poles}{amps}-{coil} | ea | 21.50 | Contactor {poles}P {amps} A {coil} Coil",
        poles=axis("2;3||166;4||204"),
        amps=axis("30;40||118;60||188"),
        coil=axis("24V|A;120V|B;240V|C;277V|D|106"),
    ),
    # Work
    family(
        "EL-{work}-{time} | ea | 185.00 | Electrical {work}, {time}",
        work=axis("""
Add Outlet, Same Wall | OUT
Add GFCI at Vanity | GFC | 108
Hang Ceiling Fan, Existing Box | FAN | 131
Recessed Light, Each After First | REC | 88
Replace Switch | SWI | 61
Dedicated 20 A Circuit | DED | 262
Trace Dead Circuit, Hour | TRC | 81
"""),
        time=axis("Regular|R;After Hours|A|150;Member|M|85"),
    ),
    family(
        "RWR-{beds}-{access}-{finish} | job | 9800.00 | "
        "Rewire of {beds} bedroom home built before 1965, remove knob & tube where reachable, new copper "
        "branch circuits, AFCI protection, devices, {access}, {finish}",
        "Five to nine days; the house can be lived in while we work.",
        beds=axis("2|2;3|3|124;4|4|151"),
        access=axis("attic & basement|AB;attic only|A|118;slab, no attic|S|147"),
        finish=axis("no patching|N;holes patched|P|116;white devices|W|102"),
    ),
)
