package picture

import (
	"fmt"
	"math"
	"strings"

	"ficus/legacy-stub/shop/store"
)

// rgb is a colour with parts from 0 to 1.
type rgb [3]float64

func hex(code uint32) rgb {
	return rgb{float64(code>>16&255) / 255, float64(code>>8&255) / 255, float64(code&255) / 255}
}

func (c rgb) String() string {
	n := func(x float64) int { return int(math.Round(255 * min(1, max(0, x)))) }
	return fmt.Sprintf("#%02x%02x%02x", n(c[0]), n(c[1]), n(c[2]))
}

// mix goes from c towards d by part, 0 to 1.
func (c rgb) mix(d rgb, part float64) rgb {
	for i := range c {
		c[i] += (d[i] - c[i]) * part
	}
	return c
}

func (c rgb) light() float64 { return 0.3*c[0] + 0.59*c[1] + 0.11*c[2] }

// look is the set of colours of one picture.
type look struct {
	main, dark, pale, second, third, wood, wall, table, spot rgb
}

func lookOf(p store.Product) look {
	main, ok := namedColour(p.Name)
	if !ok {
		main = accents()[p.ID%int64(len(accents()))]
	}
	wall := walls()[p.ID%int64(len(walls()))]
	if main.light() > 0.74 { // keep a pale thing apart from the wall
		wall = deepWalls()[p.ID%int64(len(deepWalls()))]
	}
	return look{
		main:   main,
		dark:   main.mix(hex(0x2b2119), 0.28),
		pale:   main.mix(hex(0xffffff), 0.38),
		second: accents()[(p.ID+3)%int64(len(accents()))],
		third:  accents()[(p.ID+6)%int64(len(accents()))],
		wood:   hex(0xb98a5a),
		wall:   wall,
		table:  wall.mix(hex(0x4a3a2c), 0.13),
		spot:   wall.mix(hex(0xffffff), 0.5),
	}
}

// style gives the classes of shapes.svg their colours.
func (l look) style() string {
	var b strings.Builder
	b.WriteString("<style>")
	fills := []struct{ classes, colour string }{
		{".a", l.main.String()}, {".b,.db", l.dark.String()}, {".c", l.pale.String()}, {".d", l.wood.String()},
		{".e", l.second.String()}, {".f", l.third.String()}, {".m", "#c3c6c4"}, {".k", "#35312d"}, {".w", "#faf6ee"},
		{".g", "#6b8f5e"}, {".fl", "#ffd98a"}, {".fo", "#e07a3a"}, {".cf", "#4b3226"}, {".gl2", "#dbe7e8"}, {".bg", l.wall.String()},
	}
	for _, f := range fills {
		b.WriteString(f.classes + "{fill:" + f.colour + "}")
	}
	b.WriteString(".sh{fill:#2b2119;opacity:.14}.hi{fill:#fff;opacity:.32}.gl{fill:#fff;opacity:.45}.glow{fill:#ffe9b8;opacity:.5}")
	b.WriteString(".ln{fill:none;stroke:#2b2119;stroke-opacity:.22;stroke-width:2.5}")
	strokes := []struct{ class, colour string }{
		{".sa", l.main.String()}, {".sb", l.dark.String()}, {".sc", l.pale.String()}, {".sd", l.wood.String()},
		{".sm", "#aeb2b0"}, {".sk", "#35312d"}, {".sw", "#faf6ee"}, {".sg", "#5c7d50"},
	}
	for _, s := range strokes {
		b.WriteString(s.class + "{fill:none;stroke:" + s.colour + ";stroke-linecap:round;stroke-linejoin:round}")
	}
	b.WriteString("svg{stroke-width:4}</style>")
	return b.String()
}

// walls are the backgrounds: quiet, warm and cool in turn.
func walls() []rgb {
	return []rgb{hex(0xf1e6d8), hex(0xdfe7df), hex(0xf0dccf), hex(0xdde6ea), hex(0xede3ea), hex(0xe9e4d0), hex(0xe3e0d8)}
}

// deepWalls are the backgrounds of pale things.
func deepWalls() []rgb {
	return []rgb{hex(0xa9bda8), hex(0xd8ab8c), hex(0x9fb8c6), hex(0xc7a9b8), hex(0xcfb684), hex(0x8fb0ad)}
}

// accents are colours for what a name does not settle.
func accents() []rgb {
	return []rgb{hex(0xc8553d), hex(0x588157), hex(0x3d5a80), hex(0xe0a030), hex(0x8d5a97), hex(0x2a9d8f), hex(0xb56576), hex(0x6d8ea0)}
}

// namedColour finds the first word of a name that says what colour or material the product is.
func namedColour(name string) (rgb, bool) {
	words := strings.Fields(strings.ToLower(name))
	if len(words) > 1 && words[0] == "olive" && words[1] == "wood" {
		return hex(0xa98b5b), true
	}
	for _, w := range words {
		if code, ok := colourCode(w); ok {
			return hex(code), true
		}
	}
	return rgb{}, false
}

func colourCode(word string) (uint32, bool) {
	switch word {
	case "walnut", "cocoa", "tortoise":
		return 0x6f4e37, true
	case "oak", "beech", "larch", "pine", "birch", "bamboo", "tan":
		return 0xc9a06c, true
	case "cherry", "cedar", "teak", "cognac":
		return 0xa9643f, true
	case "ash", "willow", "seagrass", "rattan":
		return 0xcdb183, true
	case "black", "ebony", "ink", "iron", "graphite", "charcoal":
		return 0x454545, true
	case "slate", "smoke":
		return 0x6b7680, true
	case "zinc", "steel":
		return 0xa4adb0, true
	case "white", "chalk", "marble", "clear", "ivory", "warm":
		return 0xf3efe6, true
	case "cream", "natural", "flax", "oat", "sand", "almond", "vintage":
		return 0xe3d2b3, true
	case "speckled":
		return 0xd9cfc0, true
	case "sage", "herb":
		return 0x9caf88, true
	case "forest", "botanical":
		return 0x3f6b4f, true
	case "moss", "olive", "garden":
		return 0x7a8450, true
	case "cobalt":
		return 0x2f5fa8, true
	case "indigo", "navy", "denim":
		return 0x3b4f7a, true
	case "ocean", "harbour":
		return 0x3f7f92, true
	case "sky":
		return 0x9cc3d9, true
	case "poppy", "rainbow":
		return 0xcf4a3c, true
	case "rust", "copper":
		return 0xb5623a, true
	case "terracotta", "clay":
		return 0xc9785a, true
	case "mustard", "honey":
		return 0xd9a441, true
	case "amber", "brass":
		return 0xc69035, true
	case "rose", "meadow":
		return 0xd59a9f, true
	case "heather", "lavender":
		return 0xa58fb5, true
	case "plum", "heirloom":
		return 0x7c4a67, true
	}
	return 0, false
}
