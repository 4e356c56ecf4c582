package seed

// shelves is the shop's range, in its order of display. It is words only: products.go makes products of them.
func shelves() []shelf {
	return []shelf{kitchen(), garden(), textiles(), desk(), lighting(), outdoor(), bath(), play()}
}

func kitchen() shelf {
	return shelf{
		slug: "kitchen", code: "KIT", name: "Kitchen & Table",
		blurb: "Things to cook with, eat from and keep for years.",
		endings: []string{
			"Made in small batches, so no two are quite alike.",
			"Wash by hand, dry at once, and it will outlast the kitchen.",
			"Comes in a plain paper box that makes a good present as it is.",
		},
		items: []item{
			{"Cutting Board", "board", 3490, "Walnut|Oak|Olive Wood", "End-grain board with a groove for the juice and a hole to hang it by.", "wood chopping"},
			{"Mug", "mug", 1450, "Speckled|Sage|Cobalt", "Hand-thrown stoneware mug that holds a generous 350 ml and sits well in two hands.", "stoneware coffee tea"},
			{"Serving Bowl", "bowl", 2990, "Sand|Ocean|Charcoal", "A wide, shallow bowl for salads, pasta or the season's first tomatoes.", "stoneware serving"},
			{"Enamel Kettle", "kettle", 4990, "Cream|Forest|Poppy", "Whistling kettle in heavy enamel for every kind of hob, induction too.", "enamel tea"},
			{"Chef's Knife", "knife", 8900, "Walnut|Ash|Ebony", "Carbon steel blade of 20 cm, ground thin and handed over sharp.", "steel chopping"},
			{"Cast-Iron Casserole", "pot", 11900, "Black|Slate|Moss", "Four litres of cast iron with a lid that drips the steam back onto the roast.", "cast-iron oven"},
			{"Storage Jar", "jar", 1290, "Amber|Clear|Smoke", "Half-litre glass jar with a cork that really closes.", "glass pantry"},
			{"Linen Apron", "apron", 3900, "Natural|Indigo|Rust", "Cross-back apron in washed linen, with one pocket in the right place.", "linen workwear"},
			{"Salt Cellar", "cellar", 1890, "Marble|Beech|Terracotta", "Keeps a pinch of salt within reach and the damp out.", "pantry table"},
			{"Pepper Mill", "mill", 3290, "Cherry|Walnut|Ink", "Turned by hand around a steel grinder that goes from dust to crack.", "wood table"},
			{"Pour-Over Dripper", "dripper", 2490, "White|Ink|Clay", "One cup at a time, with ribs that let the coffee breathe.", "coffee stoneware"},
			{"Carafe", "carafe", 2790, "Clear|Smoke|Rose", "Mouth-blown litre carafe that pours without a drip.", "glass table"},
			{"Spoon Set", "spoon", 1690, "Cherry|Olive Wood|Beech", "Three wooden spoons: one to stir, one to taste, one to scrape the corner.", "wood cooking"},
		},
	}
}

func garden() shelf {
	return shelf{
		slug: "garden", code: "GAR", name: "Garden",
		blurb: "For beds, balconies and one pot on the window sill.",
		endings: []string{
			"Made to stay outside all year.",
			"Every part can be bought again, so it never has to be thrown away.",
			"Tested for two summers in our own allotment.",
		},
		items: []item{
			{"Watering Can", "wateringcan", 4290, "Zinc|Moss|Mustard", "Nine litres with a long neck and a brass rose for seedlings.", "metal watering"},
			{"Hand Trowel", "trowel", 1990, "Ash|Copper|Cherry", "Forged in one piece, with a blade marked in centimetres.", "tool steel"},
			{"Plant Pot", "plantpot", 1490, "Terracotta|Slate|Chalk", "Frost-proof pot of 22 cm with its own saucer.", "ceramic pots"},
			{"Secateurs", "secateurs", 4590, "Poppy|Black|Moss", "Bypass blades that cut green wood clean, and a spring that can be changed.", "tool steel"},
			{"Bird Feeder", "birdhouse", 2690, "Cedar|Zinc|Copper", "Hangs from a branch, keeps seed dry, and opens without tools.", "birds wildlife"},
			{"Seed Box", "box", 1890, "Meadow|Herb|Heirloom", "Twelve packets chosen to flower or crop one after the other from May to October.", "seeds sowing"},
			{"Garden Gloves", "gloves", 1790, "Tan|Moss|Denim", "Goatskin palms, cotton backs, long cuffs against roses.", "leather workwear"},
			{"Raised Planter", "planter", 8900, "Larch|Cedar|Zinc", "A metre of bed at table height, with a lining and a drain.", "wood sowing"},
			{"Hanging Basket", "basket", 2290, "Willow|Seagrass|Rattan", "Woven basket with a lining, three chains and one hook.", "woven pots"},
			{"Plant Mister", "mister", 1690, "Brass|Amber|Sage", "Fine mist for ferns and orchids, 300 ml.", "watering indoor"},
			{"Garden Bench", "bench", 24900, "Teak|Sage|Slate", "Seats two, or one and a cat. Slats screwed from below, so nothing rusts in sight.", "wood seating"},
			{"Fire Bowl", "firebowl", 12900, "Rust|Black|Copper", "Two millimetres of steel on three legs for long evenings.", "metal evening"},
			{"Bug Hotel", "birdhouse", 2490, "Cedar|Pine|Birch", "Bamboo, bark and drilled wood for solitary bees and their neighbours.", "wildlife wood"},
		},
	}
}

func textiles() shelf {
	return shelf{
		slug: "textiles", code: "TEX", name: "Blankets & Linen",
		blurb: "Wool, linen and cotton that get better with washing.",
		endings: []string{
			"Woven in a family mill that has run since 1921.",
			"Certified organic, dyed without chrome.",
			"Wash at 40 degrees and dry on the line.",
		},
		items: []item{
			{"Wool Blanket", "blanket", 12900, "Heather|Oat|Indigo", "Pure lambswool, 140 by 200 cm, with a fringe twisted by hand.", "wool bedroom"},
			{"Cushion", "cushion", 3490, "Rust|Sage|Mustard", "Plain linen cushion of 50 cm with a feather filling and a hidden zip.", "linen sofa"},
			{"Tea Towel", "towel", 1290, "Natural|Indigo|Poppy", "Half-linen towel that dries glasses without a trace.", "linen kitchen"},
			{"Patchwork Quilt", "blanket", 18900, "Plum|Denim|Meadow", "Sewn from offcuts of our own shirts, quilted by hand, and never the same twice.", "cotton bedroom"},
			{"Table Runner", "runner", 2990, "Flax|Charcoal|Rose", "Forty centimetres wide and as long as a table for six.", "linen table"},
			{"Napkin Set", "napkin", 2490, "Natural|Rust|Olive", "Four napkins with mitred corners, soft from the first day.", "linen table"},
			{"Bed Linen Set", "bed", 10900, "Chalk|Sage|Heather", "Stonewashed cover and pillowcase, cool in summer and warm in winter.", "linen bedroom"},
			{"Curtain Panel", "curtain", 7900, "Flax|Chalk|Slate", "Lets the morning in and keeps the street out. 140 by 260 cm.", "linen window"},
			{"Rag Rug", "rug", 8900, "Ocean|Rust|Heather", "Woven from cotton strips, heavy enough to lie still.", "cotton floor"},
			{"Wool Socks", "socks", 1890, "Oat|Forest|Poppy", "Thick socks for cold floors, knitted with a reinforced heel.", "wool warm"},
			{"Floor Cushion", "pouf", 6900, "Mustard|Indigo|Natural", "A seat for unexpected guests, filled with buckwheat husks.", "canvas sofa"},
			{"Hot-Water Bottle Cover", "bottlecover", 2690, "Heather|Cream|Moss", "Knitted in lambswool, with a button where it matters.", "wool warm"},
			{"Baby Blanket", "blanket", 4900, "Chalk|Rose|Sky", "Merino so fine that it goes through a ring.", "wool children"},
		},
	}
}

func desk() shelf {
	return shelf{
		slug: "desk", code: "DSK", name: "Desk & Paper",
		blurb: "For letters, lists and long thoughts.",
		endings: []string{
			"Packed without plastic.",
			"A good reason to write by hand again.",
			"Refills are always in stock.",
		},
		items: []item{
			{"Notebook", "notebook", 1690, "Indigo|Forest|Terracotta", "A5, 160 numbered pages that lie flat, and an index at the front.", "paper writing"},
			{"Fountain Pen", "pen", 5900, "Ebony|Cobalt|Brass", "Steel nib in three widths and a converter for any ink.", "writing metal"},
			{"Pencil Set", "pencils", 1290, "Cedar|Rainbow|Graphite", "A dozen pencils in a tin, from 4H to 6B.", "drawing wood"},
			{"Letter Tray", "tray", 3290, "Oak|Walnut|Slate", "Stacks as high as your patience.", "storage wood"},
			{"Writing Set", "envelope", 2190, "Cream|Sky|Rose", "Twenty sheets and twenty lined envelopes of cotton paper.", "paper letters"},
			{"Wall Calendar", "calendar", 1990, "Botanical|Harbour|Forest", "Twelve linocuts, printed by the artist in two colours.", "paper art"},
			{"Desk Clock", "clock", 5400, "Beech|Brass|Ink", "Silent movement, clear numerals, no alarm and no hurry.", "wood time"},
			{"Pen Pot", "penpot", 1690, "Marble|Terracotta|Oak", "Heavy enough not to tip when you reach for the scissors.", "storage stoneware"},
			{"Sketchbook", "notebook", 1890, "Black|Natural|Mustard", "Heavy, slightly toothed paper that takes ink and light washes.", "paper drawing"},
			{"Paper Scissors", "scissors", 2290, "Brass|Black|Steel", "Long blades for long cuts, left-handed on request.", "tool metal"},
			{"Week Planner", "notebook", 2390, "Plum|Sage|Navy", "A week on two pages, undated, begin when you like.", "paper planning"},
			{"Desk Mat", "mat", 4490, "Cognac|Black|Olive", "Vegetable-tanned leather that darkens where you write.", "leather writing"},
			{"Globe", "globe", 9900, "Ocean|Vintage|Slate", "Thirty centimetres of the world, up to date at the time of printing.", "geography decoration"},
		},
	}
}

func lighting() shelf {
	return shelf{
		slug: "lighting", code: "LUX", name: "Light",
		blurb: "Lamps to read by and candles to talk by.",
		endings: []string{
			"Comes with a warm LED bulb of 2700 K.",
			"Wired and tested in our workshop.",
			"Dims down to almost nothing.",
		},
		items: []item{
			{"Table Lamp", "lamp", 7900, "Chalk|Mustard|Forest", "Ceramic foot, linen shade, and a cord in the same colour.", "ceramic bedroom"},
			{"Floor Lamp", "floorlamp", 15900, "Oak|Black|Brass", "Reads over your shoulder and takes no more floor than a book.", "wood reading"},
			{"Pendant", "pendant", 11900, "Copper|Sage|Ink", "Spun metal shade of 36 cm, white inside.", "metal ceiling"},
			{"Beeswax Candle", "candle", 1290, "Honey|Ivory|Moss", "Burns for nine hours and smells of nothing but honey.", "beeswax evening"},
			{"Lantern", "lantern", 4490, "Black|Zinc|Copper", "Storm-proof glass and a handle that stays cool.", "metal evening"},
			{"Candlestick", "candlestick", 2690, "Brass|Iron|Oak", "Low and heavy, for candles of 22 mm.", "metal table"},
			{"Filament Bulb", "bulb", 1190, "Clear|Amber|Smoke", "Four watts, E27, and a filament to look at.", "led spare"},
			{"Fairy Lights", "fairylights", 1990, "Warm White|Amber|Rainbow", "Ten metres, a hundred lights, a timer of six hours.", "led festive"},
			{"Wall Light", "walllight", 8900, "Brass|Black|Chalk", "Turns, tilts, and needs only two screws.", "metal reading"},
			{"Desk Lamp", "desklamp", 9900, "Poppy|Slate|Sage", "Balanced arm that stays where you leave it.", "metal reading"},
			{"Tealight Holder", "tealight", 990, "Rose|Smoke|Ocean", "Thick glass that throws a pattern on the table.", "glass evening"},
			{"Paper Shade", "papershade", 3490, "Chalk|Natural|Sky", "Folded from one sheet, and flat again for moving house.", "paper ceiling"},
			{"Night Light", "nightlight", 2990, "Sky|Rose|Honey", "A small moon that goes out by itself after half an hour.", "led children"},
		},
	}
}

func outdoor() shelf {
	return shelf{
		slug: "outdoor", code: "OUT", name: "Outdoors",
		blurb: "For day trips, lake shores and the first frost.",
		endings: []string{
			"Repaired free of charge for ten years.",
			"Light enough to take along on a whim.",
			"Packs down to the size of a loaf of bread.",
		},
		items: []item{
			{"Backpack", "backpack", 9900, "Olive|Navy|Rust", "Twenty-two litres of waxed canvas with leather straps.", "canvas hiking"},
			{"Two-Person Tent", "tent", 28900, "Moss|Sand|Sky", "Stands in four minutes, dry through any night.", "camping"},
			{"Enamel Cup", "mug", 1290, "White|Forest|Cobalt", "Chips with age and is loved for it.", "enamel camping"},
			{"Flask", "flask", 3290, "Steel|Moss|Poppy", "Tea stays hot until the summit, 750 ml.", "steel hiking"},
			{"Camp Stove", "stove", 6900, "Black|Steel|Olive", "Folds flat and boils a litre in four minutes.", "camping cooking"},
			{"Folding Chair", "chair", 7900, "Sand|Olive|Navy", "Beech and canvas, with arms wide enough for a cup.", "wood camping seating"},
			{"Hammock", "hammock", 6400, "Ocean|Rainbow|Natural", "Cotton, three metres long, with straps that spare the bark.", "cotton lake"},
			{"Picnic Blanket", "blanket", 5900, "Poppy|Forest|Denim", "Wool above, waxed cotton below, a strap to carry it.", "wool lake"},
			{"Cool Bag", "bag", 4900, "Sand|Navy|Sage", "Keeps twelve bottles cold for a long afternoon.", "canvas lake"},
			{"Compass", "compass", 3900, "Brass|Black|Steel", "Points north, with a lid and a lanyard.", "metal hiking"},
			{"Pocket Knife", "pocketknife", 4500, "Olive Wood|Walnut|Poppy", "One blade, one corkscrew, one good spring.", "steel hiking"},
			{"Binoculars", "binoculars", 14900, "Black|Forest|Sand", "Eight by thirty-two, rubber-armoured, for birds and boats.", "optics birds"},
			{"Rain Poncho", "poncho", 5900, "Mustard|Navy|Moss", "Covers you and the backpack, and folds into its own pocket.", "rain hiking"},
		},
	}
}

func bath() shelf {
	return shelf{
		slug: "bath", code: "BTH", name: "Bath & Care",
		blurb: "Soap, brushes and towels for slow mornings.",
		endings: []string{
			"Free of palm oil, colourings and promises.",
			"Made by hand in a workshop of five people.",
			"Refill it, rather than replace it.",
		},
		items: []item{
			{"Bath Towel", "towel", 3290, "Chalk|Sage|Ocean", "Thick cotton, 70 by 140 cm, with a loop that holds.", "cotton"},
			{"Soap Bar", "soap", 790, "Lavender|Pine|Honey", "A hundred grams, cured for eight weeks.", "soap vegan"},
			{"Bath Brush", "brush", 2490, "Beech|Walnut|Bamboo", "Long handle, natural bristle, for backs that are hard to reach.", "wood"},
			{"Soap Dish", "dish", 1490, "Marble|Olive Wood|Slate", "Ribs that let the soap dry.", "stoneware"},
			{"Shaving Brush", "shavingbrush", 3900, "Ebony|Olive Wood|Ivory", "Soft synthetic hair that lathers like the real thing.", "shaving vegan"},
			{"Hand Cream", "tube", 1290, "Rose|Lavender|Almond", "For gardeners and dishwashers, absorbed in a minute.", "care vegan"},
			{"Bath Salts", "jar", 1690, "Pine|Rose|Lavender", "Half a kilo of sea salt and mountain herbs.", "care evening"},
			{"Bath Mat", "mat", 3490, "Cedar|Chalk|Slate", "Warm underfoot and dry again by noon.", "floor"},
			{"Wall Mirror", "mirror", 8900, "Oak|Brass|Black", "Round, 50 cm, on a leather strap.", "wood decoration"},
			{"Tumbler", "tumbler", 1290, "Smoke|Sage|Terracotta", "For toothbrushes or a single tulip.", "stoneware"},
			{"Hair Comb", "comb", 1190, "Beech|Olive Wood|Tortoise", "Sawn, not moulded, so that it never pulls.", "wood"},
			{"Laundry Basket", "basket", 6900, "Willow|Seagrass|White", "Takes a week of two people, with a cotton lining that washes too.", "woven storage"},
			{"Bathrobe", "robe", 8900, "Oat|Navy|Sage", "Waffle cotton, long, with two deep pockets.", "cotton warm"},
		},
	}
}

func play() shelf {
	return shelf{
		slug: "play", code: "PLY", name: "Play",
		blurb: "Toys without batteries, for children and their uncles.",
		endings: []string{
			"Finished with colours that are safe to chew.",
			"From three years, without an upper limit.",
			"Spare parts are free for as long as there are children.",
		},
		items: []item{
			{"Building Blocks", "blocks", 3900, "Rainbow|Natural|Forest", "Sixty blocks of beech in a cotton bag.", "wood"},
			{"Wooden Train", "train", 4490, "Poppy|Cobalt|Forest", "An engine, two wagons, and magnets that never sulk.", "wood"},
			{"Teddy Bear", "bear", 3690, "Honey|Cocoa|Chalk", "Mohair, movable arms, an honest face.", "soft"},
			{"Kite", "kite", 2990, "Poppy|Sky|Rainbow", "Flies from three knots of wind, with forty metres of line.", "wind lake"},
			{"Jigsaw Puzzle", "puzzle", 2490, "Harbour|Forest|Botanical", "Five hundred pieces of thick board, cut with wit.", "paper rainy-day"},
			{"Spinning Top", "top", 990, "Cherry|Cobalt|Mustard", "Turned in maple; the record stands at four minutes.", "wood pocket"},
			{"Skipping Rope", "rope", 1290, "Poppy|Natural|Ocean", "Cotton rope and handles that fit small hands.", "cotton"},
			{"Doll's House", "birdhouse", 12900, "Chalk|Rose|Sage", "Two storeys, four rooms, and a front that opens.", "wood"},
			{"Pull-Along Duck", "duck", 2690, "Mustard|Natural|Sky", "Waddles, and clacks on every floor.", "wood"},
			{"Xylophone", "xylophone", 3290, "Rainbow|Natural|Ocean", "Eight bars, really in tune.", "wood music"},
			{"Paint Box", "paintbox", 1890, "Rainbow|Garden|Harbour", "Twelve pans of watercolour and a brush that keeps its point.", "drawing"},
			{"Sailing Boat", "boat", 3490, "Sky|Poppy|Navy", "Sails upright in any pond and comes back most times.", "wood lake"},
			{"Card Game", "cards", 1490, "Forest|Harbour|Garden", "Fifty-four drawn cards and rules for three games.", "paper rainy-day"},
		},
	}
}
