package report

import (
	"strings"
	"unicode"
)

// maxText is the length of a text that comes from outside, in characters.
const maxText = 200

// bounded is a text from outside in at most maxText characters, on one line. What is not printable separates words.
func bounded(text string) string {
	const most = 4 * maxText * 4 // bytes that are looked at
	words := strings.FieldsFunc(text[:min(len(text), most)], func(c rune) bool { return c == ' ' || !unicode.IsPrint(c) })
	clean := []rune(strings.Join(words, " "))
	if len(clean) > maxText {
		return string(clean[:maxText-1]) + "…"
	}
	return string(clean)
}
