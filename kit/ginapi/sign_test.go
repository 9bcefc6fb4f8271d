package ginapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"tallygate/kit/ginapi"
)

func TestARefusedBodyNamesTheSignThatIsNoText(t *testing.T) {
	t.Parallel()
	api, _ := newAPI(io.Discard)
	api.POST("/things", api.Handle(func(c *gin.Context) error {
		_, err := ginapi.Bind[body](c)
		return err
	}))
	const plain = "The body is not valid JSON in UTF-8."
	for text, want := range map[string]string{
		`{"name":"a\ud83d"}`:          plain + ` At offset 10 there is \ud83d, half of a surrogate pair.`,
		`{"name":"a\uDFFFb"}`:         plain + ` At offset 10 there is \uDFFF, half of a surrogate pair.`,
		`{"name":"a\ud83d\u0041"}`:    plain + ` At offset 10 there is \ud83d, half of a surrogate pair.`,
		"{\"name\":\"a\xff\"}":        plain + ` At offset 10 there is the byte 0xFF, which is not UTF-8.`,
		"{\"name\":\"\xed\xa0\xbd\"}": plain + ` At offset 9 there is the byte 0xED, which is not UTF-8.`,
		"{\"name\":\"a\a\"}":          plain + ` At offset 10 there is U+0007, a control character, which has to be escaped.`,
		`{"name":"a\x"}`:              plain,
		`{"name":"a\ud83`:             plain,
		`{"name":"a`:                  plain,
		`name=a`:                      plain,
	} {
		w := do(api, "POST", "/things", "application/json", text)
		var p struct{ Detail string }
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusBadRequest || p.Detail != want {
			t.Errorf("%+q: got %d %s, %v, want %s", text, w.Code, p.Detail, err, want)
		}
	}
}
