package edge

import (
	"bytes"
	"strings"
)

// lastHop reports whether an OPTIONS request asks to be answered by whoever has it now (RFC 9110 section 7.6.2).
func (k *call) lastHop() bool {
	if string(k.request.Method) != "OPTIONS" {
		return false
	}
	hops := k.field("max-forwards")
	return len(hops) > 0 && len(bytes.Trim(hops, "0")) == 0
}

// answerOptions says what may be done at the path. Whoever asks could find it out by asking for something else.
func (k *call) answerOptions(allow []string) {
	w := k.startAnswer(204)
	w.Add("Allow", strings.Join(allow, ", "))
	k.finishAnswer(204, &w, nil)
}
