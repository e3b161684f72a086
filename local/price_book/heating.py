"""Heating and cooling: boilers, radiators, air, controls, and the work."""

# ruff: noqa: RUF001 (dashes and crosses as people type them)

from typing import Final

from local.price_book.family import Family, axis, family

_PIPE: Final = axis('3/4"|075;1"|100|121;1-1/4"|125|158;1-1/2"|150|204;2"|200|301')
_ROUND: Final = axis('4"|04|82;5"|05|90;6"|06;7"|07|113;8"|08|127;10"|10|164;12"|12|208;14"|14|266')
_FLUE: Final = axis("80|080;100|100|114;125|125|133;130|130|139;150|150|158")
_TONS: Final = axis("1.5|15|86;2|20|92;2.5|25;3|30|109;3.5|35|119;4|40|131;5|50|152")

HEATING: Final[tuple[Family, ...]] = (
    # Boilers
    family(
        "BLR-{model}{kw}{fuel} | ea | 2890.00 | Boiler: {model} {kw} kW, {fuel}",
        "Stainless heat exchanger, modulation 1:10, outdoor reset as standard. Needs a neutralizer "
        "for condensate and a system filter to keep the ten year warranty.",
        model=axis("""
Norvane Condensa 100-W | NC1
Norvane Condensa 200-W | NC2 | 138
Halbrook Ember Combi | HEC | 117
Viessmann Vitodens 100-W | VD1 | 126
"""),
        kw=axis("19|19|91;26|26;35|35|119;45|45|148"),
        fuel=axis("NG;LP||104"),
        slips={"double": 2, "tab": 2},
        again={"same": 4, "upper": 3},
    ),
    family(
        "BRI-{model}-{kw}-{extra} | job | 7650.00 | "
        "Boiler: {model} {kw} kW wall hung condensing gas boiler, replacement of existing boiler incl. "
        "removal, flue, flushing, permit and commissioning, {extra}",
        "Two days with two people. Includes combustion analysis and homeowner training.",
        model=axis("""
Norvane Condensa 100-W | NC1
Norvane Condensa 200-W | NC2 | 117
Halbrook Ember | HE | 94
"""),
        kw=axis("19|19|92;26|26;35|35|112;45|45|127"),
        extra=axis("""
radiators only | R
radiators & 2 radiant zones + indirect tank | R2 | 163
radiant only, 3 zones | F3 | 139
"""),
        slips={"trail": 3},
    ),
    family(
        "OIL-{mbh}{stack} | ea | 2240.00 | Cast Iron Oil Boiler {mbh} MBH, {stack} Draft",
        mbh=axis("86|086;110|110|109;140|140|121;175|175|138;210|210|155"),
        stack=axis("Chimney|C;Direct Vent|D|124"),
    ),
    family(
        "IND-{gallons} | ea | 1180.00 | Indirect Tank {gallons} gal, stainless, Ø {width} mm",
        gallons=axis("30|30;40|40|116;60|60|149;80|80|188"),
        width=axis("560|560;610|610|104"),
    ),
    # Radiators and floor
    family(
        "RAD{kind}-{height}{length} | ea | 84.00 | "
        "Panel Radiator Type {kind}, {height}×{length} mm",
        kind=axis("11|11;22|22|161;33|33|233"),
        height=axis("300|30;500|50|133;600|60|151"),
        length=axis("600|06;1000|10|149;1600|16|228"),
    ),
    family(
        "BSB-{length}{grade} | ea | 46.00 | Baseboard Element & Enclosure {length} {grade}",
        length=axis("2'|2;3'|3|141;4'|4|180;5'|5|221;6'|6|262;8'|8|344"),
        grade=axis("Residential|R;Hi-Output|H|152"),
        again={"lower": 2},
    ),
    family(
        "TRV-{body}-{head} | ea | 31.50 | Radiator valve {body} body {head}",
        "Thermostatic radiator valve, body and head in one box, 43–79 °F.",
        body=axis('1/2" angle|5A;1/2" straight|5S;3/4" angle|7A|121;3/4" straight|7S|121'),
        head=axis("w/ dial head|D;w/ remote sensor|R|186;w/ Kestrel radio head|K|254;no head|N|58"),
    ),
    family(
        "RFT-{size}-{length} | coil | 121.00 | "
        "Radiant Tubing PEX-A w/ O2 Barrier {size} x {length}",
        size=axis('3/8"|38|84;1/2"|12;5/8"|58|138'),
        length=axis("300'|03;500'|05|163;1000'|10|318"),
    ),
    family(
        "MAN-{loops}-{made} | set | 138.00 | Radiant Manifold {loops} Loop, {made}, w/ Flow Meters",
        "Supply and return with flow meters, air vents, thermometers and bracket.",
        loops=axis("2|02;3|03|119;4|04|138;5|05|157;6|06|176;8|08|214;10|10|252;12|12|290"),
        made=axis("Stainless|SS;Composite|CP|88"),
        again={"same": 3},
    ),
    # Water side
    family(
        "CIR-{model}{volt} | ea | 142.00 | Circulator {brand} {model}, {volt} V",
        brand=axis("Tidewell"),
        model=axis("""
15-58 | 1558
15-58 FC | 1558F | 122
26-99 | 2699 | 171
Smart ECM | ECM | 198
0013 Cast Iron | 0013 | 221
"""),
        volt=axis("115|1;230|2|108"),
    ),
    family(
        "ZV-{size}-{end} | ea | 96.00 | Zone Valve {size} {end}, 24 V",
        size=_PIPE[:3],
        end=axis("Sweat|S;Press|P|122;Threaded|T|111"),
    ),
    family(
        'XTK-{gallons} | ea | 58.00 | Expansion Tank {gallons} gal Ø 12"',
        gallons=axis("2.1|021;4.4|044|143;7.6|076|229;14.0|140|388"),
    ),
    family(
        "AIR-{kind}-{size} | ea | 66.00 | {kind} {size}",
        "Rated to 150 psi and 240 °F.",
        kind=axis("""
Air Separator | AS
Magnetic Dirt Filter | MF | 231
Dielectric Union | DU | 21
Flow Check | FC | 58
"""),
        size=_PIPE,
    ),
    # Flue
    family(
        "FLU-{kind}-{size} | ea | 29.00 | Flue {kind} Ø {size} mm, stainless",
        kind=axis("""
Pipe 500 mm | P5
Pipe 1000 mm | P1 | 171
Elbow 45° | E4 | 118
Elbow 90° | E9 | 139
Terminal | TM | 204
"""),
        size=_FLUE,
    ),
    family(
        "BVT-{kind}-{size} | ea | 14.20 | B-Vent {kind} {size}",
        kind=axis("""
Pipe 3' | P3
Pipe 5' | P5 | 149
Adjustable Elbow | EL | 156
Cap | CP | 168
Storm Collar | SC | 48
"""),
        size=_ROUND[:5],
    ),
    # Air side
    family(
        "FRN-{afue}{kbtu}-{flow} | ea | 1320.00 | Furnace Halbrook {afue}% AFUE {kbtu}k BTU {flow}",
        "Two-stage gas valve with ECM blower; twin-pipe PVC venting on the condensing models.",
        afue=axis("80|80;96|96|138;98|98|181"),
        kbtu=axis("40|040|93;60|060;80|080|110;100|100|122"),
        flow=axis("Upflow|U;Downflow|D|103;Horizontal|H|104"),
        slips={"lead": 2},
        again={"lower": 3},
    ),
    family(
        "HPC-{tons}-{seer} | ea | 2460.00 | Heat Pump Condenser {tons} Ton {seer} SEER2 R-454B",
        "Side discharge up to 3 tons; the coil and line set are listed apart.",
        tons=_TONS,
        seer=axis("14.3|14;16|16|121;18|18|149"),
        again={"same": 3, "upper": 2},
    ),
    family(
        "AHU-{tons}{volt} | ea | 1190.00 | Air Handler {tons} Ton {volt}",
        tons=_TONS,
        volt=axis("ECM|E;Variable|V|138"),
    ),
    family(
        "MS{zones}-{kbtu}{head} | set | 1840.00 | Mini Split {zones} Zone {kbtu}k BTU {head} Head",
        "Outdoor unit with {zones} head(s), wireless remote, no line set.",
        zones=axis("1|1;2|2|171"),
        kbtu=axis("9|09;12|12|108;18|18|136;24|24|162"),
        head=axis("Wall|W;Ceiling Cassette|C|131;Floor|F|118"),
    ),
    family(
        "DSI-{tons}-{coil}-{place} | job | 8900.00 | "
        "System replacement, remove existing split system, supply and install {tons} ton heat pump with "
        "matching air handler, {coil}, pad, whip, disconnect and start-up, {place}",
        "Price includes a Manual J load calculation, recovery of the old refrigerant, new low-voltage "
        "wire where the old one is damaged, a wet switch, static pressure reading, and registration "
        "of the manufacturer's warranty. Electrical panel work, duct changes beyond the plenum, crane "
        "time and engineering for roof curbs are quoted apart. Rebates are applied for by the office "
        "and paid by the utility to the owner, never deducted here.",
        tons=_TONS[1:5],
        coil=axis("existing line set reused|X;new 25' line set|N|109;new 50' line set|L|116"),
        place=axis("ground level|G;roof|R|122;attic|A|114"),
        again={"same": 3},
    ),
    family(
        "DCT-{gauge}{length}-{size} | joint | 9.20 | Round Duct {size} x {length} {gauge} ga",
        size=_ROUND,
        length=axis("5'|5;10'|1|192"),
        gauge=axis("30|30;26|26|136"),
        slips={"tab": 2},
    ),
    family(
        "DEL-{kind}-{size} | ea | 6.10 | Duct {kind} {size}",
        kind=axis("""
90 Adj. Elbow | E9
45 Adj. Elbow | E4 | 88
Tee | TE | 171
Damper | DM | 152
Takeoff | TK | 94
Cap | CP | 61
"""),
        size=_ROUND,
    ),
    family(
        "FLX{r}-{size} | bag | 34.00 | Flex Duct {r} {size} x 25'",
        r=axis("R-6|6;R-8|8|124"),
        size=_ROUND,
    ),
    family(
        "REG-{kind}{size}{colour} | ea | 8.90 | Register {kind} {size}, {colour}",
        kind=axis("Floor|F;Sidewall|S|112;Ceiling 3-Way|C|138;Return Grille|R|121"),
        size=axis("4 x 10|0410;4 x 12|0412|108;6 x 12|0612|133;8 x 14|0814|161"),
        colour=axis("White|W;Brown|B|104"),
    ),
    family(
        "FLT-{size}-{merv} | case of 12 | 41.00 | Air Filter {size} MERV {merv}",
        "Pleated, MERV {merv}, {size} nominal; sold by the case.",
        size=axis("""
14" x 20" x 1" | 14201 | 96
16" x 20" x 1" | 16201
16" x 25" x 1" | 16251 | 104
20" x 20" x 1" | 20201 | 106
20" x 25" x 1" | 20251 | 112
16" x 25" x 4" | 16254 | 288
20" x 25" x 4" | 20254 | 316
"""),
        merv=axis("8|08;11|11|131;13|13|169"),
        again={"recode": 4, "upper": 2},
    ),
    family(
        "LNS-{pair}-{length} | ea | 98.00 | Line Set {pair} x {length}, 1/2 in insulation",
        pair=axis("1/4 x 3/8|1438;1/4 x 1/2|1412|113;3/8 x 3/4|3834|171;3/8 x 7/8|3878|198"),
        length=axis("15 ft|15;25 ft|25|148;35 ft|35|197;50 ft|50|271"),
    ),
    family(
        "REF-{gas}-{pounds} | cyl | 310.00 | Refrigerant {gas}, {pounds} lb cylinder",
        gas=axis("R-410A|410;R-454B|454|128;R-32|032|84;R-134a|134|109"),
        pounds=axis("10|10|51;20|20|88;25|25"),
    ),
    # Controls
    family(
        "TST-{model}{colour} | ea | 44.00 | Thermostat {model}, {colour}",
        model=axis("""
Kestrel Basic 1H/1C | KB
Kestrel Program 7-day | KP | 171
Kestrel Wi-Fi Touch | KW | 388
Halbrook Communicating | HC | 641
Floor-sensing 120/240 V | FS | 412
Millivolt, no battery | MV | 86
"""),
        colour=axis("White|W;Graphite|G|109"),
        again={"lower": 2},
    ),
    family(
        "PRT-{part}-{series} | ea | 38.00 | {part} {series}",
        part=axis("""
Hot Surface Ignitor | IGN
Flame Sensor | FLS | 46
Inducer Motor Assy | IND | 612
Blower Motor 1/2 HP | BLM | 744
Control Board | CTB | 688
Run Capacitor 45+5 µF 440 V | CAP | 59
Contactor 2-Pole 30 A | CON | 71
Condensate Pump 20' Lift | CPM | 204
"""),
        series=axis("Halbrook 80/90|H;Norvane C|N|118;Universal|U|82"),
        again={"recode": 3, "same": 2},
    ),
    # Parts counter
    family(
        "NOZ-{gph}-{angle}{pattern} | ea | 5.85 | Oil Nozzle {gph} GPH {angle}{pattern}",
        gph=axis("0.50;0.60;0.65;0.75;0.85;1.00||104;1.25||108;1.50||112"),
        angle=axis("60;70;80"),
        pattern=axis("A;B"),
        again={"same": 4},
    ),
    family(
        "CPR-{mfd}-{volt} | ea | 9.40 | Run Capacitor {mfd} MFD {volt} V Round",
        "Dual run capacitor, {mfd} MFD, plus or minus 6 %.",
        mfd=axis("30/5;35/5||106;40/5||111;45/5||118;50/5||124;60/5||133;70/7.5||151;80/10||168"),
        volt=axis("370;440||112"),
    ),
    family(
        "MTR-{hp}-{rpm}-{volt} | ea | 94.00 | Condenser Fan Motor {hp} HP {rpm} RPM {volt} V",
        hp=axis("1/6|16;1/4|14|109;1/3|13|121;1/2|12|158"),
        rpm=axis("825||112;1075"),
        volt=axis("230;460||138"),
    ),
    family(
        "VBT-{section}{length} | ea | 6.70 | V-Belt {section}{length}",
        section=axis("A;B||141"),
        length=axis("28||88;32||92;36;40||106;44||111;48||118;54||129;60||138"),
    ),
    family(
        "UNH-{kbtu}{fuel} | ea | 864.00 | Unit Heater {kbtu}k BTU {fuel} Separated Combustion",
        "Low-profile unit heater for garages and shops, 24 V control, hanging brackets included.",
        kbtu=axis("30;45||109;60||118;75||131;100||158;125||181"),
        fuel=axis("NG;LP||104"),
    ),
    family(
        "GLV-{size}-{made} | pr | 28.00 | {made} Isolation Flange Pair {size}",
        "With bolts, nuts and gaskets, for circulators of the usual bolt circle.",
        made=axis("Bronze|B|131;Iron|I;Stainless|S|166"),
        size=axis("3/4|075;1|100|108;1-1/4|125|121;1-1/2|150|138"),
    ),
    family(
        "HUM-{kind} | ea | 168.00 | {kind}",
        kind=axis("""
Bypass Humidifier 12 gpd | HBY
Fan Humidifier 18 gpd | HFN | 141
Steam Humidifier 23 gpd | HST | 488
Water Panel for Humidifier | HWP | 9
ERV 130 CFM | E13 | 512
HRV 180 CFM | H18 | 588
Dehumidifier, Whole House, 70 pt | D70 | 698
UV Lamp, Coil, 24 V | UVC | 144
Electronic Air Cleaner 1400 CFM | EAC | 461
"""),
    ),
    # Work
    family(
        "TUN-{unit}-{plan} | visit | 139.00 | Tune-Up: {unit} – {plan}",
        "Clean, check combustion or charge, and leave a printed report with photos.",
        unit=axis("""
Gas Boiler | GB | 121
Oil Boiler | OB | 149
Furnace | FU
Heat Pump | HP | 118
Mini Split | MS | 94
"""),
        plan=axis("Member|M|72;Regular|R;After Hours|A|158"),
    ),
    family(
        "CHL-{mbh}-{count} | lot | 18400.00 | "
        "Boiler plant, {count} x {mbh} MBH condensing modular boilers with primary pumps, headers, "
        "neutralizer and cascade controls, skid mounted",
        mbh=axis("500|05;750|07|138;1000|10|171"),
        count=axis("1|1;2|2|188"),
    ),
)
