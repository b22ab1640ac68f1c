"""The vocabulary of the made-up catalog: what each aisle sells, of what it is made, and how it is praised."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thing:
    """A kind of product: how it is called, what it comes in, about how heavy it is and how dear beside others."""

    noun: str
    sizes: tuple[str, ...]
    grams: int
    worth: float
    use: str


@dataclass(frozen=True, slots=True)
class Aisle:
    """A category: its path, what it sells, and the words its products share."""

    path: tuple[str, ...]
    things: tuple[Thing, ...]
    materials: tuple[str, ...]
    colors: tuple[str, ...]
    praise: tuple[str, ...]
    size_word: str = "Size"
    color_word: str = "Color"


# Brands by the first part of an aisle's path: nobody makes olive oil and soundbars.
BRANDS = {
    "Home": (
        "Alder & Oak", "Aurelio", "Bellweather", "Brightwater", "Calder", "Castellane", "Eastholm", "Fenwick",
        "Harrow Lane", "Juniper Row", "Nordhaven", "Olmo", "Quarry Hill", "Tavola", "Thornbury", "Torcello",
    ),
    "Electronics": (
        "Ampère & Daughters", "Corvina", "Dorsoduro", "Halden", "Ilmari", "Karst", "Lumen", "Nordlys", "Orsa",
        "Signale", "Umbra", "Vesper", "Voltaire", "Westerly",
    ),
    "Fashion": (
        "Bellweather", "Casa Lino", "Castellane", "Giudecca", "Harrow Lane", "Lindqvist", "Marea", "Pellestrina",
        "Rookery", "San Polo", "Sartoria Riva", "Sorrel", "Thornbury", "Zattere",
    ),
    "Beauty": ("Aurelio", "Botanica Sera", "Fior di Sale", "Juniper Row", "Marea", "Olmo", "Salvia", "Sorrel"),
    "Sports": ("Alpe", "Brenta", "Fjellvind", "Karst", "Lindqvist", "Merrow", "Nordhaven", "Valbruna", "Westerly"),
    "Family": (
        "Bellweather", "Filo & Legno", "Juniper Row", "Kite & Co.", "Little Quay", "Marea", "Olmo", "Rookery",
    ),
    "Food": (
        "Bottega Salina", "Casa Olmo", "Colle Alto", "Mulino Vecchio", "Quarry Hill", "Salvia", "Tavola", "Torcello",
    ),
    "Books and Office": (
        "Calle Carta", "Fenwick", "Giudecca", "Inkwell & Sons", "Pellestrina", "Rookery", "San Polo", "Zattere",
    ),
}  # fmt: skip

_BRIGHT = ("Sea Blue", "Coral", "Mustard", "Forest Green", "Charcoal", "Ivory")
_QUIET = ("Sand", "Slate", "Ivory", "Sage", "Terracotta", "Night Blue")
_PLAIN = ("Black", "White", "Graphite", "Silver")

AISLES = (
    Aisle(
        ("Home", "Kitchen"),
        (
            Thing("Chef's Knife", ("15 cm", "20 cm", "25 cm"), 260, 1.0, "for everything from herbs to squash"),
            Thing("Cast-Iron Casserole", ("3 l", "5 l", "7 l"), 4800, 1.7, "for slow stews and bread alike"),
            Thing("Kettle", ("1 l", "1.5 l", "1.7 l"), 1100, 0.9, "that pours without a drip"),
            Thing("Coffee Grinder", ("40 g", "80 g"), 900, 1.1, "with eighteen settings from espresso to press"),
            Thing("Frying Pan", ("20 cm", "24 cm", "28 cm"), 1300, 0.9, "that holds its heat"),
            Thing("Mixing Bowls", ("set of 3", "set of 5"), 1500, 0.6, "that nest in one drawer"),
            Thing("Moka Pot", ("3 cups", "6 cups"), 550, 0.5, "for the first cup of the day"),
        ),
        ("Stainless-Steel", "Enamelled", "Beech-Handled", "Copper-Base", "Matte"),
        _QUIET,
        ("Made to be used daily and handed on", "Balanced in the hand and easy to clean", "Safe for every hob"),
        "Capacity",
    ),
    Aisle(
        ("Home", "Bed and Bath"),
        (
            Thing("Duvet Cover", ("single", "double", "king"), 1400, 1.0, "that gets softer with every wash"),
            Thing("Bath Towels", ("set of 2", "set of 4"), 1200, 0.6, "thick enough to feel like a hotel's"),
            Thing("Fitted Sheet", ("90 cm", "140 cm", "160 cm", "180 cm"), 800, 0.6, "with corners that stay put"),
            Thing("Blanket", ("130 × 170 cm", "150 × 200 cm"), 1300, 0.9, "for the sofa and the spare room"),
            Thing("Pillow", ("soft", "medium", "firm"), 900, 0.6, "that keeps its shape through the night"),
            Thing("Bathrobe", ("S", "M", "L", "XL"), 1100, 0.9, "with deep pockets"),
        ),
        ("Linen", "Organic-Cotton", "Waffle", "Percale", "Merino"),
        _QUIET,
        (
            "Woven in small runs and washed before it is packed",
            "Certified free of harmful substances",
            "Breathes in summer and warms in winter",
        ),
    ),
    Aisle(
        ("Home", "Furniture"),
        (
            Thing("Side Table", ("40 cm", "50 cm"), 6500, 1.9, "that fits beside any armchair"),
            Thing("Bookshelf", ("3 shelves", "5 shelves"), 14000, 2.4, "for the books you will keep"),
            Thing("Desk", ("100 cm", "120 cm", "140 cm"), 19000, 2.9, "with a channel for cables"),
            Thing("Dining Chair", ("single", "set of 2"), 7800, 1.9, "that invites a second coffee"),
            Thing("Wall Mirror", ("45 cm", "60 cm", "80 cm"), 3900, 1.2, "that brings light to a narrow hall"),
            Thing("Coat Rack", ("5 hooks", "8 hooks"), 2400, 0.8, "for the whole family"),
        ),
        ("Oak", "Walnut", "Ash", "Powder-Coated", "Rattan"),
        ("Natural", "Smoked", "White", "Black"),
        (
            "Ships flat and stands in twenty minutes",
            "From certified forests, finished with hard wax oil",
            "Every part can be ordered again",
        ),
    ),
    Aisle(
        ("Home", "Garden"),
        (
            Thing("Planter", ("20 cm", "30 cm", "40 cm"), 3200, 0.7, "with a saucer that hides away"),
            Thing("Pruning Shears", ("18 cm", "21 cm"), 270, 0.5, "that cut clean up to two centimeters"),
            Thing("Watering Can", ("5 l", "9 l"), 900, 0.5, "with a rose as fine as rain"),
            Thing("Solar Lanterns", ("set of 2", "set of 4"), 800, 0.5, "that glow until midnight"),
            Thing("Hammock", ("single", "double"), 1900, 1.0, "for the long Sunday"),
            Thing("Raised Bed", ("80 cm", "120 cm"), 12500, 1.5, "for salad at the kitchen door"),
        ),
        ("Galvanized", "Terracotta", "Weathered", "Larch", "Forged"),
        _QUIET,
        ("Stands frost and sun", "Made for small gardens and big balconies", "Rust is part of its charm"),
    ),
    Aisle(
        ("Electronics", "Audio"),
        (
            Thing("Headphones", ("on-ear", "over-ear"), 280, 1.6, "that let the commute disappear"),
            Thing("Portable Speaker", ("10 W", "20 W", "40 W"), 900, 1.3, "that fills a room or a picnic"),
            Thing("Turntable", ("belt drive", "direct drive"), 5200, 2.9, "for records old and new"),
            Thing("Earbuds", ("with case",), 60, 1.0, "that last through a working day"),
            Thing("Soundbar", ("60 cm", "90 cm"), 2600, 2.2, "that makes voices clear again"),
            Thing("Radio Alarm", ("compact", "stereo"), 700, 0.8, "that wakes you gently"),
        ),
        ("Wireless", "Noise-Cancelling", "Walnut-Body", "Hi-Res", "Splash-Proof"),
        _PLAIN,
        (
            "Two years of warranty and a battery you can change",
            "Pairs in a second and remembers eight devices",
            "Tuned by people who play",
        ),
        "Version",
    ),
    Aisle(
        ("Electronics", "Computers"),
        (
            Thing("Keyboard", ("compact", "full size"), 850, 1.1, "with keys that sound like work getting done"),
            Thing("Mouse", ("small", "large"), 110, 0.6, "shaped for a whole day"),
            Thing("Monitor Stand", ("one screen", "two screens"), 3400, 0.9, "that clears the desk"),
            Thing("Solid-State Drive", ("500 GB", "1 TB", "2 TB"), 60, 1.6, "the size of a matchbox"),
            Thing("Laptop Sleeve", ("13 inch", "15 inch"), 300, 0.5, "padded where it matters"),
            Thing("USB-C Hub", ("5 ports", "9 ports"), 120, 0.7, "for everything that still has a plug"),
            Thing("Webcam", ("1080p", "4K"), 160, 1.1, "that is kind to tired faces"),
        ),
        ("Aluminium", "Silent", "Wireless", "Slim", "Recycled"),
        _PLAIN,
        ("Works with every system, no driver needed", "Packed without plastic", "Built for ten years of Mondays"),
        "Version",
    ),
    Aisle(
        ("Electronics", "Phones and Watches"),
        (
            Thing("Phone Case", ("standard", "large"), 50, 0.3, "that survives the pavement"),
            Thing("Charging Stand", ("15 W", "25 W"), 240, 0.5, "for phone and watch together"),
            Thing("Sports Watch", ("41 mm", "45 mm"), 60, 2.3, "with a week between charges"),
            Thing("Dress Watch", ("36 mm", "40 mm"), 70, 2.6, "thin enough for any cuff"),
            Thing("Power Bank", ("10,000 mAh", "20,000 mAh"), 350, 0.6, "for two days away from walls"),
            Thing("Phone Tripod", ("desk", "travel"), 500, 0.5, "that folds into a pocket"),
        ),
        ("Leather", "Titanium", "Silicone", "Magnetic", "Sapphire-Glass"),
        _PLAIN,
        ("Tested by dropping it, often", "Straps and cables are standard ones", "Made to be repaired"),
        "Version",
    ),
    Aisle(
        ("Fashion", "Women"),
        (
            Thing("Shirt Dress", ("S", "M", "L", "XL"), 420, 1.0, "from desk to dinner"),
            Thing("Cardigan", ("S", "M", "L"), 480, 0.9, "for every month with an r"),
            Thing("Trousers", ("36", "38", "40", "42", "44"), 450, 0.9, "with a waist that forgives"),
            Thing("Silk Scarf", ("70 cm", "90 cm"), 70, 0.7, "with a hand-rolled edge"),
            Thing("Raincoat", ("S", "M", "L"), 800, 1.6, "that means it"),
            Thing("Tote Bag", ("medium", "large"), 620, 1.1, "for laptop, lunch and library"),
        ),
        ("Linen", "Merino", "Organic-Cotton", "Wool-Blend", "Ribbed"),
        _BRIGHT,
        (
            "Cut in small runs by a family workshop",
            "Washes at thirty degrees and dries on the line",
            "Pockets, of course",
        ),
    ),
    Aisle(
        ("Fashion", "Men"),
        (
            Thing("Oxford Shirt", ("S", "M", "L", "XL"), 330, 0.8, "with a collar that stays down"),
            Thing("Crew Sweater", ("S", "M", "L", "XL"), 520, 1.0, "that does not itch"),
            Thing("Chinos", ("30", "32", "34", "36"), 560, 0.9, "with room to cycle"),
            Thing("Belt", ("85 cm", "95 cm", "105 cm"), 260, 0.6, "from one piece of hide"),
            Thing("Field Jacket", ("S", "M", "L", "XL"), 1300, 1.9, "with nine pockets"),
            Thing("Beanie", ("one size",), 90, 0.4, "for the windy side of the bridge"),
        ),
        ("Brushed", "Merino", "Selvedge", "Waxed", "Organic-Cotton"),
        ("Navy", "Charcoal", "Olive", "Oatmeal", "Burgundy"),
        (
            "Made for people who dislike shopping",
            "Double-stitched where things give way",
            "Gets better in its second year",
        ),
    ),
    Aisle(
        ("Fashion", "Shoes"),
        (
            Thing("Sneakers", ("37", "39", "41", "43", "45"), 900, 1.2, "for ten thousand steps a day"),
            Thing("Chelsea Boots", ("38", "40", "42", "44"), 1300, 1.8, "that go with everything"),
            Thing("Sandals", ("36", "38", "40", "42"), 600, 0.8, "with a footbed of cork"),
            Thing("House Slippers", ("38", "40", "42", "44"), 450, 0.5, "that are quiet on tiles"),
            Thing("Hiking Shoes", ("38", "40", "42", "44", "46"), 1200, 1.7, "with a grip that forgives"),
        ),
        ("Suede", "Leather", "Canvas", "Felt", "Recycled"),
        ("Black", "Chestnut", "Sand", "White", "Moss"),
        ("Can be resoled", "True to size; half sizes should size up", "Stitched, not only glued"),
        "Size (EU)",
    ),
    Aisle(
        ("Beauty", "Skin and Hair"),
        (
            Thing("Face Cream", ("30 ml", "50 ml"), 120, 0.6, "for skin that feels tight by noon"),
            Thing("Shampoo Bar", ("85 g", "2 × 85 g"), 140, 0.3, "that outlasts two bottles"),
            Thing("Hand Balm", ("50 ml", "100 ml"), 110, 0.3, "that sinks in before the next page"),
            Thing("Eau de Parfum", ("30 ml", "50 ml", "100 ml"), 280, 1.7, "that opens bright and stays warm"),
            Thing("Body Oil", ("100 ml", "200 ml"), 260, 0.6, "for after the shower"),
            Thing("Hair Dryer", ("1,400 W", "2,000 W"), 700, 1.1, "that is quieter than talk"),
        ),
        ("Rosemary", "Bergamot", "Unscented", "Almond", "Sea-Salt"),
        ("Classic", "Sensitive", "Rich", "Light"),
        ("Made without animal testing", "Filled to order in glass that goes back", "With a short list of ingredients"),
        "Content",
        "Kind",
    ),
    Aisle(
        ("Sports", "Fitness and Outdoors"),
        (
            Thing("Yoga Mat", ("4 mm", "6 mm"), 1700, 0.6, "that does not slide"),
            Thing("Dumbbells", ("2 × 3 kg", "2 × 5 kg", "2 × 8 kg"), 9800, 0.9, "that do not roll away"),
            Thing("Daypack", ("18 l", "25 l", "32 l"), 900, 1.1, "with a back that breathes"),
            Thing("Sleeping Bag", ("10 °C", "0 °C", "−5 °C"), 1500, 1.6, "that packs down to a loaf of bread"),
            Thing("Bike Lights", ("front and rear",), 180, 0.5, "seen from three hundred meters"),
            Thing("Water Bottle", ("0.5 l", "0.75 l", "1 l"), 330, 0.4, "cold for a day, hot for half of one"),
            Thing("Skipping Rope", ("2.5 m", "3 m"), 220, 0.3, "for ten minutes that count"),
        ),
        ("Ultralight", "Cork", "Recycled", "Insulated", "All-Weather"),
        _BRIGHT,
        ("Tested in the hills above Trieste", "Repairs are free for life", "Weighs less than it looks"),
    ),
    Aisle(
        ("Family", "Toys and Games"),
        (
            Thing("Building Blocks", ("48 pieces", "96 pieces"), 1900, 0.7, "for towers that may fall"),
            Thing("Board Game", ("2–4 players", "3–6 players"), 1200, 0.7, "that ends before bedtime"),
            Thing("Puzzle", ("100 pieces", "500 pieces", "1,000 pieces"), 700, 0.4, "of a market by the water"),
            Thing("Train Set", ("24 pieces", "52 pieces"), 2600, 1.1, "that fits the tracks you have"),
            Thing("Soft Bear", ("25 cm", "40 cm"), 380, 0.5, "who has heard many secrets"),
            Thing("Paint Set", ("12 colors", "24 colors"), 900, 0.5, "that washes out, mostly"),
        ),
        ("Wooden", "Classic", "Magnetic", "Illustrated", "Hand-Painted"),
        ("Rainbow", "Natural", "Pastel"),
        ("From three years, and for grandparents", "Colors are food-safe", "Replacement pieces are one letter away"),
        "Edition",
        "Style",
    ),
    Aisle(
        ("Family", "Baby"),
        (
            Thing("Baby Carrier", ("from 3 kg", "from 6 kg"), 800, 1.5, "kind to shoulders and hips"),
            Thing("Bottle Set", ("2 bottles", "4 bottles"), 500, 0.5, "that can be boiled"),
            Thing("Sleep Sack", ("70 cm", "90 cm", "110 cm"), 500, 0.7, "so that nobody kicks off the blanket"),
            Thing("Play Mat", ("100 cm", "140 cm"), 1600, 0.9, "thick enough for first falls"),
            Thing("Night Light", ("dimmable", "with timer"), 400, 0.5, "as warm as a candle"),
        ),
        ("Organic-Cotton", "Muslin", "Silicone", "Quilted", "Bamboo"),
        ("Sage", "Cloud", "Peach", "Oat"),
        ("Tested for harmful substances", "Everything goes in the washing machine", "Grows with the child"),
    ),
    Aisle(
        ("Food", "Pantry"),
        (
            Thing("Olive Oil", ("0.5 l", "0.75 l", "3 l"), 1300, 0.5, "pressed within a day of picking"),
            Thing("Coffee Beans", ("250 g", "500 g", "1 kg"), 560, 0.4, "roasted the week they ship"),
            Thing("Pasta Box", ("6 × 500 g", "12 × 500 g"), 4200, 0.6, "dried slowly, rough enough for sauce"),
            Thing("Honey", ("250 g", "500 g"), 620, 0.3, "from hives that stay in one valley"),
            Thing("Tea Chest", ("6 tins", "12 tins"), 1100, 0.8, "for every hour of the day"),
            Thing("Chocolate Selection", ("9 bars", "18 bars"), 1200, 0.6, "from bean to bar"),
        ),
        ("Organic", "Single-Estate", "Small-Batch", "Stone-Ground", "Reserve"),
        ("Mild", "Balanced", "Bold"),
        ("Best before dates are months away", "Comes with the grower's name", "A gift that gets used"),
        "Content",
        "Taste",
    ),
    Aisle(
        ("Books and Office", "Stationery"),
        (
            Thing("Notebook", ("A5", "A4"), 420, 0.3, "that opens flat"),
            Thing("Fountain Pen", ("fine", "medium", "broad"), 60, 0.9, "for signatures and shopping lists"),
            Thing("Desk Lamp", ("30 cm", "45 cm"), 1800, 1.2, "with light like a north window"),
            Thing("Wall Calendar", ("A3", "A2"), 500, 0.3, "with room to write"),
            Thing("Letter Paper", ("50 sheets", "100 sheets"), 600, 0.4, "heavy enough for ink"),
            Thing("Document Case", ("A4", "A3"), 700, 0.8, "for contracts and drawings"),
        ),
        ("Linen-Bound", "Brass", "Recycled", "Leather", "Dot-Grid"),
        ("Black", "Ink Blue", "Oxblood", "Kraft"),
        ("Made a short walk from the shop", "Refills are standard", "Paper that takes ink without a ghost"),
        "Format",
    ),
)

# Where an aisle's materials would make an odd thing.
MADE_OF = {
    "Chef's Knife": ("Forged", "Stainless-Steel", "Damascus", "Walnut-Handled"),
    "Coffee Grinder": ("Ceramic-Burr", "Steel-Burr", "Hand-Cranked", "Quiet"),
    "Mixing Bowls": ("Stainless-Steel", "Stoneware", "Enamelled", "Glass"),
    "Moka Pot": ("Stainless-Steel", "Aluminium", "Copper-Base", "Matte"),
    "Kettle": ("Stainless-Steel", "Enamelled", "Matte", "Glass"),
    "Duvet Cover": ("Linen", "Organic-Cotton", "Percale", "Jersey"),
    "Fitted Sheet": ("Linen", "Organic-Cotton", "Percale", "Jersey"),
    "Blanket": ("Merino", "Organic-Cotton", "Wool-Blend", "Knitted"),
    "Pillow": ("Down", "Latex", "Organic-Cotton", "Buckwheat"),
    "Coat Rack": ("Oak", "Walnut", "Powder-Coated", "Beech"),
    "Planter": ("Terracotta", "Weathered", "Glazed", "Galvanized"),
    "Pruning Shears": ("Forged", "Stainless-Steel", "Ash-Handled"),
    "Watering Can": ("Galvanized", "Copper", "Enamelled"),
    "Solar Lanterns": ("Weathered", "Brass", "Bamboo", "Glass"),
    "Hammock": ("Cotton", "Canvas", "All-Weather"),
    "Raised Bed": ("Larch", "Galvanized", "Corten"),
    "Headphones": ("Wireless", "Noise-Cancelling", "Hi-Res", "Walnut-Cup"),
    "Turntable": ("Walnut-Body", "Hi-Res", "Classic", "Acrylic"),
    "Soundbar": ("Wireless", "Hi-Res", "Slim", "Walnut-Body"),
    "Radio Alarm": ("Walnut-Body", "Digital", "Classic"),
    "Solid-State Drive": ("Aluminium", "Slim", "Rugged"),
    "Laptop Sleeve": ("Recycled", "Felt", "Leather", "Canvas"),
    "Webcam": ("Aluminium", "Slim", "Wide-Angle"),
    "Charging Stand": ("Magnetic", "Oak", "Aluminium"),
    "Sports Watch": ("Titanium", "Silicone-Strap", "Sapphire-Glass"),
    "Dress Watch": ("Leather-Strap", "Titanium", "Sapphire-Glass"),
    "Power Bank": ("Magnetic", "Aluminium", "Slim"),
    "Phone Tripod": ("Aluminium", "Magnetic", "Carbon"),
    "Silk Scarf": ("Printed", "Hand-Dyed", "Striped"),
    "Raincoat": ("Waxed", "Seam-Sealed", "Recycled"),
    "Tote Bag": ("Canvas", "Leather", "Linen"),
    "Shirt Dress": ("Linen", "Organic-Cotton", "Striped"),
    "Oxford Shirt": ("Brushed", "Organic-Cotton", "Button-Down"),
    "Crew Sweater": ("Merino", "Organic-Cotton", "Lambswool"),
    "Chinos": ("Brushed", "Organic-Cotton", "Stretch"),
    "Belt": ("Leather", "Woven", "Suede"),
    "Beanie": ("Merino", "Ribbed", "Lambswool"),
    "House Slippers": ("Felt", "Suede", "Shearling"),
    "Chelsea Boots": ("Suede", "Leather", "Waxed"),
    "Hiking Shoes": ("Leather", "Recycled", "Waterproof"),
    "Eau de Parfum": ("Bergamot", "Sea-Salt", "Fig-Leaf", "Cedar"),
    "Hair Dryer": ("Ionic", "Quiet", "Travel"),
    "Dumbbells": ("Cast-Iron", "Rubber-Coated", "Hexagonal"),
    "Yoga Mat": ("Cork", "Recycled", "Natural-Rubber"),
    "Daypack": ("Ultralight", "Recycled", "All-Weather"),
    "Sleeping Bag": ("Ultralight", "Down", "Recycled"),
    "Bike Lights": ("All-Weather", "Magnetic", "Rechargeable"),
    "Water Bottle": ("Insulated", "Recycled", "Stainless-Steel"),
    "Skipping Rope": ("Leather", "Steel-Wire", "Beaded"),
    "Board Game": ("Classic", "Illustrated", "Cooperative"),
    "Puzzle": ("Illustrated", "Wooden", "Hand-Drawn"),
    "Soft Bear": ("Mohair", "Classic", "Organic-Cotton"),
    "Paint Set": ("Watercolor", "Gouache", "Finger"),
    "Baby Carrier": ("Organic-Cotton", "Linen", "Muslin"),
    "Bottle Set": ("Glass", "Silicone", "Steel"),
    "Sleep Sack": ("Organic-Cotton", "Muslin", "Quilted", "Bamboo"),
    "Play Mat": ("Quilted", "Organic-Cotton", "Foam"),
    "Night Light": ("Silicone", "Wooden", "Porcelain"),
    "Olive Oil": ("Organic", "Single-Estate", "Early-Harvest"),
    "Coffee Beans": ("Organic", "Single-Estate", "Small-Batch"),
    "Pasta Box": ("Organic", "Bronze-Drawn", "Stone-Ground"),
    "Honey": ("Organic", "Chestnut", "Acacia", "Linden"),
    "Tea Chest": ("Organic", "Single-Estate", "Reserve"),
    "Chocolate Selection": ("Organic", "Stone-Ground", "Single-Estate"),
    "Fountain Pen": ("Brass", "Resin", "Steel"),
    "Desk Lamp": ("Brass", "Recycled-Aluminium", "Enamelled"),
    "Wall Calendar": ("Illustrated", "Recycled", "Letterpress"),
    "Letter Paper": ("Cotton", "Laid", "Recycled"),
    "Document Case": ("Leather", "Linen-Bound", "Canvas"),
}
SHOP_FIRST = (
    "Ponte", "Campo", "Riva", "Calle", "Corte", "Old Harbor", "Lantern", "Blue Door", "Copper Kettle", "North Quay",
    "Little Fox", "Paper Boat", "Salt & Stone", "Green Gate", "Harbor Light", "Three Herons", "Red Brick", "Willow",
    "High Street", "Amber", "Cobalt", "Juniper", "Millstone", "Foundry", "Market Row", "Sailmaker", "Weaver's",
    "Orchard", "Clocktower", "Second Bridge",
)  # fmt: skip
SHOP_SECOND = {
    "Home": ("Home", "House & Table", "Interiors", "Household", "Living"),
    "Electronics": ("Electronics", "Audio & Tech", "Devices", "Circuit", "Signal"),
    "Fashion": ("Clothing", "Wardrobe", "Outfitters", "Tailors", "Wear"),
    "Beauty": ("Apothecary", "Beauty", "Botanics", "Soap Works"),
    "Sports": ("Outdoors", "Sports", "Trail & Track", "Athletics"),
    "Family": ("Toys", "Family Store", "Nursery", "Play"),
    "Food": ("Provisions", "Pantry", "Delicatessen", "Grocers"),
    "Books and Office": ("Stationers", "Paper & Pen", "Bindery", "Office Supply"),
}
FIRST_NAMES = (
    "Ada", "Agnes", "Alba", "Amir", "Anna", "Anton", "Beatriz", "Bruno", "Camille", "Carlo", "Chiara", "Clara",
    "Daan", "Diego", "Elena", "Elif", "Emil", "Emma", "Enzo", "Eva", "Fatima", "Felix", "Freya", "Giulia", "Greta",
    "Hana", "Hugo", "Ida", "Ines", "Ivo", "Jakob", "Jana", "João", "Jonas", "Julia", "Karim", "Katja", "Lars",
    "Leila", "Lena", "Leo", "Lucia", "Luka", "Maja", "Marco", "Maria", "Marta", "Mateo", "Mei", "Mila", "Milan",
    "Nadia", "Nils", "Nina", "Noah", "Nora", "Olga", "Oskar", "Paolo", "Paula", "Petra", "Rafael", "Rosa", "Samir",
    "Sara", "Selma", "Sofia", "Stefan", "Tara", "Theo", "Tomás", "Vera", "Viktor", "Wei", "Yara", "Yusuf", "Zoe",
)  # fmt: skip
LAST_NAMES = (
    "Almeida", "Andersen", "Aydin", "Bakker", "Barbieri", "Becker", "Berg", "Bianchi", "Blanc", "Bonnet", "Costa",
    "Dahl", "De Luca", "Dubois", "Eriksen", "Fernández", "Ferrari", "Fischer", "Fontana", "Garnier", "Greco",
    "Gruber", "Haddad", "Hansen", "Hoffmann", "Horvat", "Ivanova", "Jansen", "Kaya", "Keller", "Klein", "Kovač",
    "Kowalska", "Lambert", "Larsen", "Lindgren", "Lombardi", "López", "Marino", "Martens", "Mendes", "Meyer",
    "Moretti", "Moreau", "Navarro", "Nielsen", "Novak", "Nowak", "Okafor", "Oliveira", "Papadakis", "Pereira",
    "Petrov", "Popescu", "Ricci", "Romano", "Rossi", "Ruiz", "Santos", "Schmid", "Silva", "Simon", "Sørensen",
    "Svensson", "Tamm", "Vidal", "Virtanen", "Visser", "Vogel", "Wagner", "Weber", "Winter", "Yilmaz", "Zanetti",
)  # fmt: skip
STREETS = (
    "Canal Street", "Chestnut Lane", "Church Road", "Fondamenta Nova", "Garden Way", "Harbor Road", "High Street",
    "Lime Avenue", "Market Square", "Mill Lane", "Oak Street", "Park Road", "Quay Street", "River Walk",
    "Rosengasse", "Rua do Sol", "Rue des Lilas", "School Lane", "Station Road", "Via Roma", "Via dei Mille",
)  # fmt: skip
# city, region, country, two leading digits of its postcodes
CITIES = (
    ("Venezia", "Veneto", "IT", "30"), ("Padova", "Veneto", "IT", "35"), ("Milano", "Lombardia", "IT", "20"),
    ("Bologna", "Emilia-Romagna", "IT", "40"), ("Torino", "Piemonte", "IT", "10"), ("Trieste", "Friuli", "IT", "34"),
    ("Wien", "Wien", "AT", "10"), ("Graz", "Steiermark", "AT", "80"), ("Ljubljana", "Ljubljana", "SI", "10"),
    ("München", "Bayern", "DE", "80"), ("Köln", "Nordrhein-Westfalen", "DE", "50"), ("Berlin", "Berlin", "DE", "10"),
    ("Lyon", "Rhône", "FR", "69"), ("Nantes", "Loire-Atlantique", "FR", "44"), ("Sevilla", "Andalucía", "ES", "41"),
    ("Porto", "Porto", "PT", "40"), ("Lisboa", "Lisboa", "PT", "11"), ("Gent", "Oost-Vlaanderen", "BE", "90"),
    ("Utrecht", "Utrecht", "NL", "35"), ("Zagreb", "Zagreb", "HR", "10"),
)  # fmt: skip
DEVICES = ("phone", "laptop", "tablet")
COMPLAINTS = ("arrived damaged", "not as described", "wrong size", "changed my mind", "part missing")
REVIEW_TEXTS = {
    1: ("Came late and not as pictured.", "Broke in the first week.", "Would not buy here again."),
    2: ("Not what I hoped for.", "Took a long time, quality so-so.", "Poor packing, one dent."),
    3: ("Does the job.", "Fine, though slower than promised.", "Okay for the price."),
    4: ("Good quality, came in time.", "Happy with it, small flaw in the finish.", "Well made and well packed."),
    5: ("Exactly as described.", "Beautiful, and here in a few days.", "Third one I buy here.", "Could not be better."),
}
