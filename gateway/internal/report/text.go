package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText is the length of a text that comes from outside, in bytes. auth-service keeps as much of one.
const maxText = 200

// bounded is a text from outside in at most maxText bytes, on one line. What is not printable separates words.
func bounded(text string) string {
	const (
		most = 4 * maxText // bytes that are looked at
		more = "…"
	)
	words := strings.FieldsFunc(text[:min(len(text), most)], func(c rune) bool { return c == ' ' || !unicode.IsPrint(c) })
	clean := strings.ToValidUTF8(strings.Join(words, " "), "\ufffd")
	if len(clean) <= maxText {
		return clean
	}
	end := maxText - len(more)
	for !utf8.RuneStart(clean[end]) {
		end--
	}
	return clean[:end] + more
}
