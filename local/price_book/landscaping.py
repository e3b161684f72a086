"""Landscaping: plants, stone, irrigation, lawn and snow, and the work."""

# ruff: noqa: RUF001 (dashes and crosses as people type them)

from typing import Final

from local.price_book.family import Family, axis, family

_POTS: Final = axis("1 gal|01;3 gal|03|244;5 gal|05|372;7 gal|07|561;15 gal|15|1060")
_LOTS: Final = axis("""
up to 5,000 sq ft | 05
5,001-10,000 sq ft | 10 | 138
10,001-20,000 sq ft | 20 | 191
up to 1 acre | AC | 344
""")
_YARDS: Final = axis("Bulk|B;Bag 2 cu ft|G|9;Supersack|S|129")

LANDSCAPING: Final[tuple[Family, ...]] = (
    # Plants
    family(
        "SHR-{plant}-{pot} | ea | 9.80 | {plant}, {pot}",
        "{plant} in a {pot} container, well rooted; planting is billed apart.",
        plant=axis("""
Boxwood 'Green Velvet' | BXGV
Hydrangea 'Limelight' | HYLL | 118
Juniper 'Blue Rug' | JUBR | 92
Spirea 'Goldmound' | SPGM | 88
Viburnum 'Mariesii' | VIMA | 114
Rose 'Knock Out' Red | ROKO | 131
Azalea 'Girard's Crimson' | AZGC | 109
Yew 'Hicksii' | YWHK | 148
"""),
        pot=_POTS,
        slips={"tab": 4},
        again={"lower": 3, "recode": 4},
    ),
    family(
        "PER-{plant}-{pot} | ea | 7.40 | {plant} {pot}",
        plant=axis("""
Heuchera 'Crème Brûlée' | HECB
Barberry 'Rosé Glow' | BARG | 138
Dahlia 'Café au Lait' | DACL | 162
Cleome 'Señorita Rosalita' | CLSR
Piñon Pine | PIPN | 248
Jalapeño 'El Jefe' | JAEJ | 64
Açaí Palm | ACPL | 411
Rose 'Régis Marcon' | RORM | 188
"""),
        pot=_POTS[:3],
        again={"nfd": 18, "upper": 2},
    ),
    family(
        "TRE-{tree}-{size} | ea | 168.00 | {tree} {size}",
        "Balled and burlapped, nursery grown, with a one year replacement warranty when we plant it.",
        tree=axis("""
Red Maple 'October Glory' | MAOG
River Birch, Clump | BIRV | 112
Eastern Redbud | REDB | 108
Honeylocust 'Skyline' | HLSK | 121
Norway Spruce | SPNO | 94
Green Giant Arborvitae | ARGG | 81
White Oak | OKWH | 151
"""),
        size=axis("""
1-1/2 in cal | 15 | 79
2 in cal | 20
2-1/2 in cal | 25 | 142
3 in cal | 30 | 198
8-10' ht | H8 | 151
"""),
        again={"upper": 2},
    ),
    family(
        "GRS-{grass}-{pot} | ea | 8.20 | Ornamental Grass {grass} {pot}",
        grass=axis("""
'Karl Foerster' | KF
'Hameln' | HM
Maiden 'Morning Light' | ML | 121
Blue Fescue | BF | 84
"""),
        pot=_POTS[:3],
    ),
    family(
        "SED-{mix}-{bag} | bag | 21.00 | Grass Seed {mix}, {bag} lb",
        mix=axis("""
Sun & Shade | SS
Tall Fescue | TF | 96
Kentucky Bluegrass | KB | 188
Bermuda, Hulled | BH | 211
"""),
        bag=axis("5|05;10|10|184;25|25|421;50|50|798"),
    ),
    family(
        "SOD-{grass}-{pack} | {pack} | 0.62 | Sod {grass} {pack}",
        grass=axis("Fescue|F;Bluegrass|K|108;Zoysia|Z|171;Bermuda|B|102"),
        pack=axis("sq ft|S;roll 9 sq ft|R|880;pallet 450 sq ft|P|38900"),
    ),
    # Soil and stone
    family(
        "MUL-{kind}-{pack} | cu yd | 38.00 | Mulch {kind}, {pack}",
        kind=axis("""
Hardwood Dyed Black | HB
Hardwood Dyed Brown | HN
Cedar | CD | 138
Pine Bark | PB | 121
Playground | PG | 118
"""),
        pack=_YARDS,
        again={"same": 3},
    ),
    family(
        "STN-{stone}-{pack} | ton | 46.00 | {stone}, {pack}",
        stone=axis("""
River Rock 1"-3" | RR
Pea Gravel 3/8" | PG | 88
Crushed Granite ¼" Minus | CG | 81
#57 Limestone | 57 | 62
Decomposed Granite, Stabilized | DG | 188
Screened Topsoil | TS | 74
Compost, OMRI | CO | 91
"""),
        pack=_YARDS,
    ),
    family(
        "PAV-{model}{thick} | sq ft | 3.95 | Paver Greenholt {model} {thick} mm, {colour}",
        "Concrete paver, 8,000 psi. Order 5 % more for straight and 10 % more for curved edges.",
        model=axis("Holland 4x8|HO;Cobble 6x9|CB|112;Slate Slab 16x24|SL|168;Permeable Eco|PE|147"),
        thick=axis("60|60;80|80|121"),
        colour=axis("Granite;Autumn Blend;Charcoal"),
        again={"recode": 3},
    ),
    family(
        "FLG-{stone}-{finish} | sq ft | 9.20 | Flagstone {stone}, {finish} – 1½ in",
        stone=axis("Bluestone|BS|131;Quartzite|QZ|151;Sandstone|SS;Limestone|LS|112"),
        finish=axis("Irregular|I;Cut, Thermal|T|158;Cut, Natural Cleft|N|138"),
    ),
    family(
        "WAL-{height}-{block}-{option} | LF | 142.00 | "
        "Retaining wall {height} ft high per linear foot, {block} block, compacted base, drain pipe, "
        "clean stone backfill, fabric and cap, {option}",
        "Walls over 4 ft need an engineer; his drawings are not in this price.",
        height=axis("2|2;3|3|149;4|4|208"),
        block=axis("Greenholt Keystone|GK;split-face|SF|92;natural boulder|NB|141"),
        option=axis("""
straight | S
curved | C | 117
stepped | T | 124
with low-voltage lights | L | 131
"""),
    ),
    family(
        "PAT-{size}-{made}-{edge} | job | 2480.00 | "
        "Patio {size}, excavate, haul away, 6 in compacted base, 1 in bedding sand, {made} installed and "
        "compacted with polymeric sand joints, {edge}",
        "Priced for machine access of at least 42 inches and level ground within a foot over the whole "
        "area. Roots, rock, buried debris and old concrete found while digging are charged by the "
        "hour. The area should be kept dry for a day after the joints are swept and wetted; light "
        "haze on dark pavers is normal and wears off within a season.",
        size=axis("10' x 10'|1010;16' x 20'|1620|288;20' x 24'|2024|416"),
        made=axis("60 mm pavers|P;natural flagstone|F|158"),
        edge=axis("""
plastic edge | E
soldier course | S | 109
soldier course & seat wall | W | 166
no edge | N | 96
"""),
    ),
    # Irrigation
    family(
        "SPR-{body}-{nozzle} | ea | 3.10 | Spray Head {body} Pop-Up, {nozzle}",
        body=axis('2"|02|88;4"|04;6"|06|238;12"|12|361'),
        nozzle=axis("""
8' Adj | 8A
10' Adj | 10A
12' Adj | 12A
15' Adj | 15A
15' Strip | 15S | 104
MP Rotator | MP | 311
"""),
        again={"lower": 2, "same": 3},
    ),
    family(
        "ROT-{size}-{arc} | ea | 14.20 | Rotor {size} {arc} Arc",
        size=axis('1/2"|5;3/4"|7|168;1"|1|421'),
        arc=axis("40°–360°|A;Full 360°|F|94;Stainless 40°–360°|S|188"),
    ),
    family(
        "IVL-{size}-{kind} | ea | 17.50 | Irrigation Valve {size} {kind}",
        size=axis('3/4"|07|94;1"|10;1-1/2"|15|341;2"|20|418'),
        kind=axis("Globe|G;Angle|A|104;w/ Flow Control|F|124;w/ Regulator|R|231"),
    ),
    family(
        "CTL-{zones}{place} | ea | 88.00 | Controller Rainmark {zones} Zone {place}",
        zones=axis("4|04;6|06|117;8|08|139;12|12|181;16|16|233;24|24|366"),
        place=axis("Indoor|I|92;Outdoor|O;Outdoor Wi-Fi|W|158"),
    ),
    family(
        "DRP-{kind}-{length} | roll | 24.00 | Drip {kind} {length}",
        kind=axis("""
Tubing 1/2 in | T5
Tubing 1/4 in | T2 | 46
Line 12 in spacing | L12 | 172
Line 18 in spacing | L18 | 154
"""),
        length=axis("100 ft|01;250 ft|02|231;500 ft|05|441"),
    ),
    family(
        "IPF-{kind}-{size} | ea | 0.39 | Sch 40 PVC {kind}, {size} Slip",
        kind=axis("90 Ell|90;45 Ell|45|131;Tee|TE|124;Coupling|CO|71;Union|UN|611;Cap|CA|68"),
        size=axis("1/2 in|05|82;3/4 in|07;1 in|10|166;1-1/4 in|12|261"),
        again={"upper": 2},
    ),
    family(
        "IRR-{zones}-{water}-{option} | job | 2190.00 | "
        "Irrigation system, {zones} zones, design, trenching by pull plow, heads, valves in boxes, wire, "
        "controller, backflow preventer, {water}, {option}",
        "Heads matched for precipitation; as-built drawing left in the controller.",
        zones=axis("4|04;6|06|136;8|08|171"),
        water=axis("city water|C;well|W|112"),
        option=axis("""
spring start-up | SU
spring start-up + winterizing | SW | 106
rain sensor | RS | 103
flow meter and master valve | FM | 117
"""),
    ),
    # Care by the lot: size in the name, time of year only in the code
    family(
        "MOW-{lot}-{often} | visit | 42.00 | Mowing, {lot}, {often}",
        lot=_LOTS,
        often=axis("Weekly|W;Every 2 Weeks|B|128;One Time|O|166"),
    ),
    family(
        "FRT-{step}-{lot} | app | 58.00 | Lawn Treatment {lot}",
        "Granular or liquid as the season asks; keep off until dry. 50 % slow-release nitrogen.",
        step=axis("1|S1;2|S2;3|S3|104;4|S4|108;5|S5|112"),
        lot=_LOTS,
    ),
    family(
        "AER-{kind}-{lot} | visit | 95.00 | {kind}, {lot}",
        kind=axis("""
Core Aeration | CA
Aeration + Overseed | AO | 212
Dethatch | DT | 141
Leaf Cleanup | LC | 168
"""),
        lot=_LOTS,
        slips={"tab": 3, "trail": 3},
    ),
    family(
        "SNO-{depth}-{place} | push | 48.00 | Snow: {place}, {depth}",
        depth=axis('1"-3"|13;3"-6"|36|148;6"-9"|69|204;9"-12"|92|271;over 12" per inch|12|31'),
        place=axis("""
Driveway 2-Car | D2
Driveway Long | DL | 161
Walks & Steps | WS | 72
Lot per acre | LA | 411
De-Ice | DI | 94
"""),
    ),
    # Small plants and supplies
    family(
        "ANN-{plant}-{pack} | {pack} | 3.40 | {plant}, {pack}",
        "Spring delivery from the second week of May; colors as the grower has them.",
        plant=axis("""
Marigold | MA
Petunia | PE | 104
Impatiens | IM
Begonia, Wax | BE | 106
Geranium, Zonal | GE | 171
Pansy | PA | 94
Coleus | CO | 112
Lantana | LA | 148
Salvia, Red | SA
Vinca, Annual | VI | 102
"""),
        pack=axis("4 pack|4;flat of 32|F|660;hanging basket|H|741"),
        again={"same": 3},
    ),
    family(
        "PRN-{plant}-{pot} | ea | 8.10 | {plant} ({pot})",
        plant=axis("""
Hosta 'Patriot' | HOPA
Daylily 'Stella de Oro' | DLSO | 84
Coneflower 'Magnus' | CNMA
Black-Eyed Susan | BESU | 92
Catmint 'Walker's Low' | CTWL | 104
Astilbe 'Fanal' | ASFA | 121
Sedum 'Autumn Joy' | SEAJ | 94
Lavender 'Hidcote' | LAHI | 108
Peony 'Sarah Bernhardt' | PESB | 231
Ajuga 'Chocolate Chip' | AJCC | 78
"""),
        pot=axis("4 in pot|4|52;1 gal|1;2 gal|2|177"),
    ),
    family(
        "FRU-{tree}-{pot} | ea | 48.00 | {tree}, {pot}",
        tree=axis("Apple 'Honeycrisp'|AH;Pear 'Bartlett'|PB;Peach 'Redhaven'|PR|108"),
        pot=_POTS[2:],
    ),
    family(
        "VBX-{shape}{size} | ea | 7.20 | Valve Box {shape} {size} w/ Green Lid",
        shape=axis("Round|R;Rectangular|S|214"),
        size=axis("6 in|06;10 in|10|188;12 in|12|244;14 in|14|291"),
    ),
    family(
        "EDG-{made}-{length} | pc | 12.80 | Edging {made}, {length} ft",
        made=axis("""
Steel Brown | SB | 188
Steel Galvanized | SG | 171
Aluminum | AL | 204
Poly | PO
Cedar | CE | 131
"""),
        length=axis("8|08;10|10|122;16|16|188"),
    ),
    family(
        "FER-{analysis}-{bag} | bag | 24.00 | Fertilizer {analysis}, {bag} lb",
        "Apply to dry turf and water in; keep granules off the walks.",
        analysis=axis("""
16-4-8 | 1648
24-0-11 | 24011 | 128
10-10-10 | 101010 | 84
0-0-7 + Prodiamine | 007P | 166
Lime | LIM | 28
"""),
        bag=axis("25|25|58;40|40|82;50|50"),
    ),
    family(
        "FNC-{made}{height}-{part} | ea | 61.00 | {made} Fence {height} ft {part}",
        made=axis("Cedar|C;Vinyl|V|138;Aluminum|A|161"),
        height=axis("4|4;5|5|112;6|6|124"),
        part=axis("Panel 8 ft|P;Post|T|38;Gate 4 ft|G|261"),
    ),
    family(
        "FAB-{kind}-{size} | roll | 38.00 | {kind} {size}",
        kind=axis("""
Weed Fabric 3 oz | W3
Weed Fabric 5 oz | W5 | 148
Geotextile Non-Woven 6 oz | G6 | 231
"""),
        size=axis("3 ft x 100 ft|03;4 ft x 250 ft|04|281;6 ft x 300 ft|06|488"),
    ),
    # Trees
    family(
        "TRM-{work}-{girth} | ea | 185.00 | {work}, {girth} DBH",
        "Per tree with truck access; crane and traffic control are extra.",
        work=axis("""
Tree Removal | RM | 311
Crown Clean | CC | 141
Stump Grinding | SG | 58
Cabling | CB | 168
Deep Root Feed | DR | 44
"""),
        girth=axis("6-12 in|06|68;12-18 in|12;18-24 in|18|161;24-36 in|24|266"),
        slips={"lead": 2},
    ),
    family(
        "LVL-{kind}-{finish} | ea | 54.00 | Landscape Light {kind} {finish}",
        kind=axis("""
Path 3 W | PA
Spot 5 W | SP | 92
Well 7 W | WE | 128
Hardscape 12 in | HS | 79
Wall Wash | WW | 104
"""),
        finish=axis("Bronze|BZ;Black|BK;Copper|CU|141;Solid Brass|SB|166"),
    ),
    family(
        "DRA-{kind}-{length} | job | 980.00 | "
        "French drain {length} ft, {kind} perforated pipe in washed stone wrapped in non-woven fabric, "
        "trench 12 in x 18 in, spoils removed, {outlet}",
        kind=axis("4 in corrugated|C;4 in SDR-35|S|121"),
        length=axis("25|025;50|050|181;100|100|334"),
        outlet=axis("pop-up emitter|P;dry well|D|141;daylight|L|93"),
    ),
)
