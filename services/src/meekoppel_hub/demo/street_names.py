"""The names of the made-up town's streets, per quarter, as Dutch towns name them."""

from __future__ import annotations

CENTRE = (
    "Marktstraat", "Kerkstraat", "Molenstraat", "Vismarkt", "Korte Brugstraat", "Lange Brugstraat", "Achterom",
    "Havenstraat", "Kruisstraat", "Nieuwstraat", "Waagstraat", "Bakkersteeg", "Schoolstraat", "Wijnhaven",
    "Gasthuisstraat", "Zoutstraat", "Smedestraat", "Torenstraat", "Walstraat", "Begijnhof",
)  # fmt: skip

SINGELS = ("Oostersingel", "Noordersingel", "Westersingel", "Zuidersingel")
RING = ("Ringweg Oost", "Ringweg Noord", "Ringweg West", "Ringweg Zuid")
RADIALS = (
    "Lekdijkseweg", "Vechterstraatweg", "Heideweg", "Stationsweg",
    "Veenderweg", "Houtense Steenweg", "Oude Rijndijk", "Kanaalweg",
)  # fmt: skip

QUARTERS: dict[str, tuple[str, ...]] = {
    "Componistenbuurt": (
        "Bachstraat", "Mozartlaan", "Beethovenstraat", "Sweelinckstraat", "Diepenbrockstraat", "Händelstraat",
        "Chopinstraat", "Verdistraat", "Lisztlaan", "Schubertstraat", "Brahmsstraat", "Purcellstraat", "Vivaldihof",
        "Badingshof", "Wagenaarstraat", "Griegstraat", "Ravelstraat", "Haydnlaan",
    ),
    "Bomenbuurt": (
        "Beukenlaan", "Eikenlaan", "Lindelaan", "Kastanjestraat", "Essenstraat", "Iepenstraat", "Populierenlaan",
        "Wilgenstraat", "Elzenstraat", "Berkenlaan", "Hazelaarstraat", "Acaciastraat", "Meidoornstraat",
        "Lijsterbeshof", "Esdoornlaan", "Vlierstraat", "Sparrenstraat", "Dennenlaan",
    ),
    "Vogelbuurt": (
        "Merelstraat", "Lijsterstraat", "Vinkenlaan", "Roodborststraat", "Zwaluwstraat", "Kievitstraat", "Reigerstraat",
        "Ooievaarlaan", "Spreeuwstraat", "Koekoekstraat", "Leeuwerikstraat", "Nachtegaallaan", "Fazantstraat",
        "Patrijsstraat", "Wielewaalhof", "Sperwerstraat", "Buizerdlaan", "Meeuwstraat",
    ),
    "Schildersbuurt": (
        "Rembrandtlaan", "Vermeerstraat", "Frans Halsstraat", "Jan Steenstraat", "Ruysdaelstraat", "Potterstraat",
        "Mondriaanlaan", "Van Goghstraat", "Israëlsstraat", "Breitnerstraat", "Mesdagstraat", "Hobbemastraat",
        "Van Ostadestraat", "Judith Leysterstraat", "Mauvestraat", "Tooropstraat", "Pieter Aertszstraat", "Boschhof",
    ),
    "Zeeheldenbuurt": (
        "De Ruyterstraat", "Trompstraat", "Piet Heinstraat", "Van Speykstraat", "Evertsenstraat", "Witte de Withstraat",
        "Barentszstraat", "Heemskerkstraat", "Van Galenstraat", "Houtmanstraat", "Tasmanstraat", "Kortenaerstraat",
        "Bontekoestraat", "Banckertstraat", "Van Nesstraat", "Zoutmanstraat", "Van Kinsbergenlaan", "Karel Doormanlaan",
    ),
    "Rivierenbuurt": (
        "Rijnstraat", "Maasstraat", "Waalstraat", "IJsselstraat", "Lekstraat", "Vechtstraat", "Amstelstraat",
        "Eemstraat", "Dommelstraat", "Scheldestraat", "Merwedelaan", "Lingestraat", "Berkelstraat", "Reggehof",
        "Dinkelstraat", "Roerstraat", "Geulstraat", "Spaarnestraat",
    ),
    "Bloemenbuurt": (
        "Rozenstraat", "Tulpstraat", "Anjerstraat", "Dahliastraat", "Irisstraat", "Lelielaan", "Narcisstraat",
        "Hyacintstraat", "Asterstraat", "Begoniastraat", "Fresiastraat", "Goudsbloemstraat", "Violierstraat",
        "Zonnebloemlaan", "Krokusstraat", "Seringenstraat", "Jasmijnhof", "Margrietstraat",
    ),
    "Staatsliedenbuurt": (
        "Thorbeckelaan", "Troelstrastraat", "Dreesstraat", "Kuyperstraat", "Schaepmanstraat",
        "Groen van Prinstererlaan", "Van Houtenstraat", "Lohmanstraat", "Talmastraat", "Nolensstraat",
        "Colijnstraat", "De Geerstraat",
        "Ruijs de Beerenbrouckstraat", "Suze Groenewegstraat", "Van Hogendorpstraat", "Cort van der Lindenlaan",
        "Piersonstraat", "Goeman Borgesiusstraat",
    ),
}  # fmt: skip

WORKS = (
    "Nijverheidsweg", "Ambachtsweg", "Energieweg", "Techniekweg", "Handelsweg", "Transportweg", "Elektronweg",
    "Protonweg", "Edisonweg", "Voltaweg",
)  # fmt: skip
POLDER = (
    "Polderweg", "Achterdijk", "Ganzenpad", "Tiendweg", "Weteringpad", "Molenkade", "Boezemkade", "Broekweg",
)  # fmt: skip
