"""Names for what the data set leaves anonymous: products from category and measures, shops from town and trade."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from config.simulation.olist.extract import Customer, Product, Seller

# the data set's English category -> (aisle, shelf, what its products may be called)
_SHELVES: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "health_beauty": (
        "Beauty",
        "Health and Beauty",
        ("Skin Care Set", "Body Lotion", "Vitamin Pack", "Hair Treatment"),
    ),
    "perfumery": ("Beauty", "Perfumery", ("Eau de Parfum", "Cologne", "Perfume Set")),
    "diapers_and_hygiene": ("Beauty", "Hygiene", ("Diaper Pack", "Hygiene Kit")),
    "computers_accessories": ("Electronics", "Computer Accessories", ("Keyboard", "Mouse", "Printer Cartridge", "Hub")),
    "computers": ("Electronics", "Computers", ("Notebook Computer", "Desktop Computer")),
    "pc_gamer": ("Electronics", "Gaming Computers", ("Gaming Computer", "Gaming Monitor")),
    "electronics": ("Electronics", "Electronics", ("Media Player", "Adapter", "Remote Control", "Battery Pack")),
    "audio": ("Electronics", "Audio", ("Speaker", "Headphones", "Soundbar")),
    "telephony": ("Electronics", "Telephony", ("Phone Case", "Smartphone", "Charger", "Headset")),
    "fixed_telephony": ("Electronics", "Fixed Telephony", ("Cordless Phone", "Desk Phone")),
    "tablets_printing_image": ("Electronics", "Tablets and Printing", ("Tablet", "Printer", "Scanner")),
    "consoles_games": ("Electronics", "Consoles and Games", ("Game Controller", "Console", "Video Game")),
    "cine_foto": ("Electronics", "Cinema and Photo", ("Camera", "Tripod", "Projector")),
    "small_appliances": ("Home", "Small Appliances", ("Blender", "Iron", "Toaster", "Vacuum Cleaner")),
    "small_appliances_home_oven_and_coffee": ("Home", "Ovens and Coffee", ("Coffee Maker", "Small Oven")),
    "portateis_cozinha_e_preparadores_de_alimentos": ("Home", "Food Preparation", ("Food Processor", "Hand Mixer")),
    "home_appliances": ("Home", "Home Appliances", ("Cooktop", "Microwave", "Range Hood")),
    "home_appliances_2": ("Home", "Large Appliances", ("Refrigerator", "Washing Machine", "Freezer")),
    "air_conditioning": ("Home", "Air Conditioning", ("Fan", "Air Conditioner", "Heater")),
    "bed_bath_table": ("Home", "Bed, Bath and Table", ("Sheet Set", "Towel Set", "Tablecloth", "Duvet")),
    "furniture_decor": ("Home", "Furniture and Decor", ("Wall Clock", "Shelf", "Vase", "Picture Frame", "Rug")),
    "furniture_living_room": ("Home", "Living Room", ("Coffee Table", "TV Stand", "Armchair")),
    "furniture_bedroom": ("Home", "Bedroom", ("Nightstand", "Wardrobe", "Bed Frame")),
    "furniture_mattress_and_upholstery": ("Home", "Mattresses", ("Mattress", "Upholstered Bench")),
    "office_furniture": ("Home", "Office Furniture", ("Office Chair", "Desk", "Filing Cabinet")),
    "kitchen_dining_laundry_garden_furniture": (
        "Home",
        "Kitchen and Laundry Furniture",
        ("Pantry Shelf", "Laundry Rack"),
    ),
    "housewares": ("Home", "Housewares", ("Cookware Set", "Storage Box", "Knife Set", "Glasses")),
    "home_confort": ("Home", "Home Comfort", ("Mattress Pad", "Cushion", "Blanket")),
    "home_comfort_2": ("Home", "Home Comfort", ("Cushion", "Curtain")),
    "la_cuisine": ("Home", "La Cuisine", ("Casserole", "Serving Dish")),
    "home_construction": ("Tools", "Home Construction", ("Faucet", "Tile Set", "Door Handle")),
    "construction_tools_construction": ("Tools", "Construction", ("Drill", "Mixer", "Ladder")),
    "construction_tools_lights": ("Tools", "Lighting", ("LED Lamp", "Ceiling Light", "Floodlight")),
    "construction_tools_safety": ("Tools", "Safety", ("Safety Boots", "Safety Goggles")),
    "costruction_tools_tools": ("Tools", "Hand Tools", ("Wrench Set", "Saw", "Hammer")),
    "costruction_tools_garden": ("Tools", "Garden Tools", ("Garden Hose", "Hedge Trimmer")),
    "garden_tools": ("Tools", "Garden", ("Garden Chair", "Lawn Mower", "Planter", "Sprinkler")),
    "signaling_and_security": ("Tools", "Signals and Security", ("Security Camera", "Door Lock", "Sign")),
    "security_and_services": ("Tools", "Security Services", ("Alarm Kit",)),
    "auto": ("Auto", "Car Accessories", ("Car Radio", "Seat Cover", "Floor Mats", "Headlight Kit")),
    "sports_leisure": ("Sports", "Sports and Leisure", ("Bicycle Part", "Dumbbells", "Tent", "Training Bench")),
    "fashion_sport": ("Sports", "Sportswear", ("Track Suit", "Running Shirt")),
    "toys": ("Family", "Toys", ("Doll", "Building Set", "Board Game", "Toy Car")),
    "baby": ("Family", "Baby", ("Stroller", "Baby Monitor", "Crib Set", "High Chair")),
    "pet_shop": ("Family", "Pets", ("Pet Bed", "Pet Carrier", "Aquarium", "Dog Food")),
    "party_supplies": ("Family", "Parties", ("Party Kit", "Balloon Set")),
    "christmas_supplies": ("Family", "Christmas", ("Christmas Tree", "String Lights")),
    "watches_gifts": ("Fashion", "Watches and Gifts", ("Wristwatch", "Gift Set", "Watch Strap")),
    "fashion_bags_accessories": ("Fashion", "Bags and Accessories", ("Handbag", "Backpack", "Wallet", "Sunglasses")),
    "luggage_accessories": ("Fashion", "Luggage", ("Suitcase", "Travel Bag")),
    "fashion_shoes": ("Fashion", "Shoes", ("Sneakers", "Sandals", "Boots")),
    "fashion_male_clothing": ("Fashion", "Men", ("Shirt", "Trousers", "Jacket")),
    "fashio_female_clothing": ("Fashion", "Women", ("Dress", "Blouse", "Skirt")),
    "fashion_childrens_clothes": ("Fashion", "Children", ("Children's Set",)),
    "fashion_underwear_beach": ("Fashion", "Underwear and Beach", ("Bikini", "Underwear Set")),
    "stationery": ("Books and Office", "Stationery", ("Notebook", "School Bag", "Pen Set", "Planner")),
    "books_technical": ("Books and Office", "Technical Books", ("Technical Handbook", "Textbook")),
    "books_general_interest": ("Books and Office", "General Books", ("Novel", "Biography", "Cookbook")),
    "books_imported": ("Books and Office", "Imported Books", ("Imported Book",)),
    "industry_commerce_and_business": ("Books and Office", "Industry and Business", ("Display Stand", "Label Printer")),
    "agro_industry_and_commerce": ("Books and Office", "Agriculture", ("Feeder", "Irrigation Kit")),
    "market_place": ("Other", "Market Place", ("Market Find",)),
    "cool_stuff": ("Other", "Cool Stuff", ("Gadget", "Collectible Figure", "Novelty Lamp")),
    "musical_instruments": ("Music and Art", "Instruments", ("Guitar", "Keyboard Stand", "Microphone", "Drum Kit")),
    "music": ("Music and Art", "Music", ("Album",)),
    "cds_dvds_musicals": ("Music and Art", "CDs and DVDs", ("CD Box",)),
    "dvds_blu_ray": ("Music and Art", "DVD and Blu-ray", ("Film Box",)),
    "art": ("Music and Art", "Art", ("Art Print", "Canvas")),
    "arts_and_craftmanship": ("Music and Art", "Craft", ("Craft Kit",)),
    "flowers": ("Home", "Flowers", ("Flower Arrangement",)),
    "food": ("Food", "Food", ("Food Box", "Coffee Pack", "Spice Set")),
    "food_drink": ("Food", "Food and Drink", ("Gift Basket", "Tea Selection")),
    "drinks": ("Food", "Drinks", ("Wine", "Craft Beer Pack")),
    "other": ("Other", "Other", ("Article",)),
}


def shelf(category: str) -> tuple[str, str]:
    """Return the path of a category of the data set; one not known by name gets its own shelf under Other."""
    known = _SHELVES.get(category)
    return known[:2] if known else ("Other", _words(category))


def title(product: Product) -> str:
    """Return a name made from category and measures; the same product always gets the same name."""
    known = _SHELVES.get(product.category)
    nouns = known[2] if known else (_words(product.category),)
    mark = _mark(product.product_id)
    noun = nouns[mark % len(nouns)]
    parts = [noun]
    if product.weight_g:
        parts.append(f"{product.weight_g / 1000:g} kg" if product.weight_g >= 1000 else f"{product.weight_g} g")
    sides = (product.length_cm, product.height_cm, product.width_cm)
    if all(sides):
        parts.append(" × ".join(str(side) for side in sides) + " cm")
    return f"{', '.join(parts)}, No. {product.product_id[:6].upper()}"


def description(product: Product) -> str:
    """Return one or two sentences of what is recorded of the product."""
    aisle, place = shelf(product.category)
    text = f"From {place.lower()}, in {aisle.lower()}."
    if product.weight_g:
        text += f" Packed it weighs {product.weight_g} g."
    if product.photos:
        text += f" Shown in {product.photos} picture{'s' if product.photos > 1 else ''} by its merchant."
    return text


def attributes(product: Product) -> tuple[tuple[str, str], ...]:
    """Return the measures that are recorded."""
    found = [("Reference", product.product_id[:12])]
    sides = (product.length_cm, product.height_cm, product.width_cm)
    if all(sides):
        found.append(("Package", " × ".join(str(side) for side in sides) + " cm"))
    if product.weight_g:
        found.append(("Weight", f"{product.weight_g} g"))
    return tuple(found)


def shop(seller: Seller, category: str) -> str:
    """Return a shop's name from its town, its trade and the start of its identifier."""
    _, place = shelf(category)
    return f"{_town(seller.city)} {place} {seller.seller_id[:5].upper()}"


def person(customer: Customer) -> str:
    """Return a name for an anonymous shopper."""
    return f"Shopper {customer.unique_id[:8].upper()}"


def email(kind: str, key: str) -> str:
    """Return an address that can never receive mail."""
    return f"{kind}-{key}@olist.example"


def _town(city: str) -> str:
    return " ".join(word.capitalize() for word in city.split()) or "Brasil"


def _words(category: str) -> str:
    return category.replace("_", " ").strip().capitalize() or "Other"


def _mark(key: str) -> int:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
