package password

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// The sets of characters in this file are our own, and not those of package unicode, which grow with the versions of Unicode.

// untypable says what a character is that no keyboard types. It is empty for all others.
func untypable(r rune) string {
	switch {
	case r < ' ', r >= 0x7f && r <= 0x9f:
		return "a control character"
	case r == '\u2028':
		return "a line separator"
	case r == '\u2029':
		return "a paragraph separator"
	case r == '\ufeff':
		return "a byte order mark"
	case r >= '\ufff9' && r <= '\ufffb':
		return "an annotation mark"
	case r >= '\ufdd0' && r <= '\ufdef', r&0xfffe == 0xfffe:
		return "not a character"
	}
	return ""
}

func nameOf(r rune) string { return fmt.Sprintf("%U (%s)", r, untypable(r)) }

// isBroken reports whether a text, whose first character was read as U+FFFD, does not begin with that character.
func isBroken(text string) bool {
	_, size := utf8.DecodeRuneInString(text)
	return size == 1
}

// nameBroken says with what a text begins that is not UTF-8.
func nameBroken(text string) string {
	if len(text) >= 3 && text[0] == 0xed && text[1]&0xe0 == 0xa0 && text[2]&0xc0 == 0x80 {
		half := 0xd000 | rune(text[1]&0x3f)<<6 | rune(text[2]&0x3f)
		return fmt.Sprintf("%U (half of a surrogate pair)", half)
	}
	return fmt.Sprintf("the byte 0x%02X (not UTF-8)", text[0])
}

// isVariationSelector reports whether a character only chooses between pictures of the one before it: colour or black and
// white for emoji, forms of ideographs and of Mongolian letters.
func isVariationSelector(r rune) bool {
	return r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0100 && r <= 0xe01ef || r >= 0x180b && r <= 0x180d || r == 0x180f
}

// isSpace reports whether a character is one of the spaces.
func isSpace(r rune) bool {
	switch r {
	case ' ', 0x00a0, 0x1680, 0x202f, 0x205f, 0x3000:
		return true
	}
	return r >= 0x2000 && r <= 0x200a
}

// normalize puts a text in the NFC of Unicode 15.0. Newer characters stay as they are, and so apart from each other: a later
// version may order, join or split them. It does none of that with older ones (Unicode's stability policy).
func normalize(text string) string {
	isNewer := func(r rune) bool { return !isOfUnicode15(r) }
	if strings.IndexFunc(text, isNewer) < 0 {
		return norm.NFC.String(text)
	}
	var all strings.Builder
	for text != "" {
		older := strings.IndexFunc(text, isNewer)
		if older < 0 {
			older = len(text)
		}
		all.WriteString(norm.NFC.String(text[:older]))
		text = text[older:]
		_, newer := utf8.DecodeRuneInString(text)
		all.WriteString(text[:newer])
		text = text[newer:]
	}
	return all.String()
}
