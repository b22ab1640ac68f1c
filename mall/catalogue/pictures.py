"""Product pictures drawn from what is known of the product: the same product always gets the same picture."""

import hashlib
import re
from dataclasses import dataclass
from itertools import pairwise

from mall.catalogue import picture_colors

BACKDROPS = 4
# The views of a product's gallery, in order: what each shows.
FRONT, DETAIL, SCENE, PARCEL = VIEWS = (1, 2, 3, 4)
ROOM, TABLE, OUTDOORS = "room", "table", "outdoors"

# The first line with a word of the title wins, then the first with a word of the category.
_WORDS = """
phone: phone smartphone telephony telephone mobile telefonia celular
headphones: headphones headphone earbuds earphones headset audio
laptop: laptop notebook-computer computer computers pc ultrabook
keyboard: keyboard keypad mouse
printer: printer scanner printing tablets
screen: screen monitor tv television tablet electronics projector
camera: camera cine lens tripod webcam photo
watch: watch smartwatch watches chronograph stopwatch
speaker: speaker soundbar radio subwoofer
gamepad: gamepad console consoles controller games joystick
plug: charger cable adapter plug usb powerbank bank charging battery extension hub
bulb: bulb lights lighting light led
lamp: lamp lantern sconce torch luminaire
sofa: home sofa couch loveseat futon
chair: chair stool armchair bench rocker
table: table desk workbench sideboard
bed: bed mattress bedframe bedroom
pillow: pillow cushion duvet blanket quilt linen sheet bedding throw comforter
shelf: shelf bookshelf bookcase cabinet wardrobe rack drawer dresser organizer living furniture
rug: rug carpet mat doormat runner
vase: vase pot-plant decor decoration pottery
frame: frame poster print canvas painting art mirror
candle: candle diffuser incense christmas
clock: clock alarm timer
towel: towel bathrobe bath bathroom curtain tablecloth scarf
mug: mug cup teacup glass tumbler glasses-set
pot: pot pan saucepan casserole skillet wok cookware kitchen cuisine dining pressure
kettle: kettle teapot carafe
knife: knife cutlery fork spoon cutter cutting peeler grater
blender: blender mixer juicer toaster grinder appliances processor oven small
washer: washer dishwasher fridge refrigerator vacuum
fan: fan dryer heater conditioner conditioning humidifier purifier ventilator
drill: drill saw sander screwdriver grinder-tool
hammer: hammer wrench pliers spanner axe chisel tools costruction construction
toolbox: toolbox toolkit tool kit industry agro
plant: plant seed seeds planter watering garden gardening hose fern
flower: flower flowers bouquet rose bulbs
ball: ball football basketball volleyball leisure sports sport
dumbbell: dumbbell kettlebell weights weight fitness yoga gym barbell resistance band
bicycle: bicycle bike cycling pump
tent: tent camping sleeping hammock outdoor
racket: racket tennis badminton paddle padel
helmet: helmet goggles
shoe: shoe shoes sneaker sneakers trainers boots boot running slippers slipper
heel: heel heels pump-shoe sandals sandal
dress: dress skirt blouse female gown
trousers: trousers chinos jeans pants shorts leggings underwear
shirt: shirt t-shirt tee raincoat sweater jacket coat hoodie cardigan clothing clothes male fashion vest jumper
backpack: backpack rucksack daypack satchel
suitcase: suitcase luggage trolley travel
bag: bag handbag tote purse wallet bags accessories clutch
hat: hat cap beanie fedora gloves
glasses: glasses sunglasses spectacles eyewear
ring: ring necklace bracelet earrings jewelry jewellery pendant
umbrella: umbrella parasol
perfume: perfume fragrance cologne perfumery eau
lipstick: lipstick makeup mascara eyeliner blush
brush: brush comb hairbrush hair
lotion: lotion shampoo soap gel sunscreen
cream: cream serum moisturizer balm beauty face
bear: family bear plush sack teddy doll baby cuddly
blocks: blocks building bricks toys wooden-toy toy
toycar: toycar race truck train
puzzle: puzzle board-game game jigsaw cool
stroller: stroller carrier pram crib diapers nursery
notebook: notebook journal planner diary sketchbook stationery paper
pen: pen pencil marker fountain crayons
books: books novel atlas guide imported technical
book: book cookbook handbook stories
guitar: guitar ukulele violin instruments instrument bass
note: music keyboard-piano piano drum
disc: turntable dvd dvds cd cds vinyl record blu blu-ray
bottle: bottle wine drinks drink vinegar flask juice thermos oil
coffee: coffee tea espresso cocoa
jar: jar honey jam preserve pickles spread spice sauce
cheese: cheese butter dairy chocolate
apple: apple pasta fruit food snack grocery nuts
bowl: bowl feeder dish
bone: bone chew leash collar
paw: pet dog cat pets aquarium
tyre: tyre tire wheel rim
car: car auto automotive vehicle seat wiper
pill: vitamin vitamins supplement health thermometer
lock: lock safe security safety signaling
gift: gift gifts party wrapping balloon
scissors: shears scissors secateurs pruner
belt: belt braces
rope: rope lead skipping
drive: drive disk ssd memory storage
paint: paint paints watercolor gouache palette easel
calendar: calendar
"""
# Two words that mean something else together than the last of them alone.
_PAIRS = {
    "sleeping bag": "tent",
    "raised bed": "plant",
    "document case": "bag",
    "moka pot": "kettle",
    "watering can": "plant",
    "light bulb": "bulb",
}
_GENERAL = {"home", "fashion", "family", "small", "accessories"}
_SYMBOL_OF = {
    word.replace("-", " "): ("toycar" if symbol == "car" else symbol)
    for line in reversed(_WORDS.strip().splitlines())
    for symbol, _, words in [line.partition(":")]
    for word in words.split()
}
_SPLIT = re.compile(r"[^a-z]+")


# Where a thing of a symbol is at home; what is not named here stands in a room.
_SCENES = {
    TABLE: "mug pot kettle knife blender bottle coffee jar cheese apple bowl pill candle perfume lipstick brush lotion"
    " cream notebook pen books book paint scissors watch ring glasses phone gift puzzle blocks toycar",
    OUTDOORS: "ball bicycle tent racket helmet shoe backpack suitcase hat umbrella stroller tyre car drill hammer"
    " toolbox plant flower paw bone rope dumbbell camera",
}
_SCENE_OF = {symbol: scene for scene, symbols in _SCENES.items() for symbol in symbols.split()}


@dataclass(frozen=True, slots=True)
class Picture:
    """What a product's picture is made of: tokens of the ground (`palette`) and of the thing (`family`), if known.

    `scene` is where the thing is at home; `corner` is the part that its detail shows, 0 to 3.
    """

    symbol: str
    palette: int
    family: str
    backdrop: int
    turned: bool
    scene: str
    corner: int


def picture_of(*, product_id: int, title: str, category: str = "") -> Picture:
    """Return the picture of a product: its symbol and color from its words, the rest from its number."""
    digest = hashlib.blake2b(str(product_id).encode(), digest_size=4).digest()
    symbol = symbol_of(title=title, category=category)
    family = picture_colors.family_of(title=title)
    grounds = picture_colors.grounds_of(family=family)
    return Picture(
        symbol=symbol,
        palette=grounds[digest[0] % len(grounds)],
        family=family,
        backdrop=digest[1] % BACKDROPS + 1,
        turned=digest[2] % 2 == 1,
        scene=_SCENE_OF.get(symbol, ROOM),
        corner=digest[3] % 4,
    )


def symbol_of(*, title: str, category: str = "") -> str:
    """Return the name of the symbol that shows a thing of this title, else of this category.

    The noun of an English title mostly stands last, before any "with" or "for", so later words count more; in the
    name of a category the first word does, unless it is one that covers everything.
    """
    head = re.split(r"\b(?:with|for|in|of)\b|[,(–]", title.lower())[0]
    category_words = _SPLIT.split(category.lower())
    category_words.sort(key=lambda word: word in _GENERAL)
    for words in (_SPLIT.split(head)[::-1], _SPLIT.split(title.lower())[::-1], category_words):
        for later, earlier in pairwise(words):
            symbol = _PAIRS.get(f"{earlier} {later}".removesuffix("s"))
            if symbol:
                return symbol
        for word in words:
            symbol = _SYMBOL_OF.get(word) or _SYMBOL_OF.get(word.removesuffix("s"))
            if word and symbol:
                return symbol
    return "box"
