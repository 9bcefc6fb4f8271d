package ginapi

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"reflect"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tallygate/kit/problem"
)

// MaxBodyBytes bounds a JSON body.
const MaxBodyBytes = 64 << 10

// byteOrderMark is what programs on Windows write before a text in UTF-8. It may be ignored (RFC 8259 section 8.1).
const byteOrderMark = "\ufeff"

// Bind reads the request's body, one JSON object (RFC 8259) in UTF-8, into a T. It is strict: member names match exactly,
// unknown and duplicate ones are refused, and nothing may follow the object. One byte-order mark before it is skipped. Absent
// members and null leave the zero value. The error is always a problem: 400 unreadable, 413 too large, 415 not JSON, 422 a member is wrong.
//
// A body without Content-Type counts as JSON. Another media type is refused with a sentence that helps those who forgot
// curl's -H.
func Bind[T any](c *gin.Context) (T, error) {
	return bind[T](c, MaxBodyBytes, json.RejectUnknownMembers(true))
}

// BindOptional is Bind for calls whose body may be left out. Without a byte of a body, whatever its type, T is the zero value.
func BindOptional[T any](c *gin.Context) (T, error) {
	body := bufio.NewReader(c.Request.Body)
	if _, err := body.Peek(1); errors.Is(err, io.EOF) {
		var none T
		return none, nil
	}
	c.Request.Body = struct {
		io.Reader
		io.Closer
	}{body, c.Request.Body}
	return Bind[T](c)
}

// BindKnown is Bind for calls from programs that may be a version ahead: it ignores members that T does not have. In
// everything else it is as strict. The body may have maxBytes.
func BindKnown[T any](c *gin.Context, maxBytes int64) (T, error) { return bind[T](c, maxBytes) }

func bind[T any](c *gin.Context, maxBytes int64, options ...json.Options) (T, error) {
	var into T
	if err := checkMediaType(c.Request.Header); err != nil {
		return into, err
	}
	body, err := readBody(c, maxBytes)
	if err != nil {
		return into, err
	}
	if body = bytes.TrimPrefix(body, []byte(byteOrderMark)); isWide(body) {
		return into, problem.New(http.StatusBadRequest, "malformed-json", "The body is in UTF-16 or UTF-32. Send it in UTF-8.")
	}
	value := jsontext.Value(body)
	if err := json.Unmarshal(body, &into, options...); err != nil {
		return into, bindProblem(value, err)
	}
	if value.Kind() != jsontext.KindBeginObject {
		return into, notAnObject()
	}
	return into, nil
}

// readBody reads the body whole. The error is a problem.
func readBody(c *gin.Context, maxBytes int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBytes))
	switch {
	case err == nil:
		return body, nil
	case errors.As(err, new(*http.MaxBytesError)):
		return nil, problem.New(http.StatusRequestEntityTooLarge, "body-too-large",
			fmt.Sprintf("The body is larger than %d bytes.", maxBytes))
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, problem.New(http.StatusRequestTimeout, "body-too-slow", "The body came too slowly.").With("Connection", "close")
	}
	return nil, problem.New(http.StatusBadRequest, "body-unreadable", "The body ended before it was complete.")
}

func checkEncoding(h http.Header) error {
	if encoding := h.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return problem.New(http.StatusUnsupportedMediaType, "unsupported-encoding", "Send the body without Content-Encoding.")
	}
	return nil
}

func checkMediaType(h http.Header) error {
	const hint = "Send the body as JSON, with the header Content-Type: application/json (curl: -H 'Content-Type: application/json')."
	if err := checkEncoding(h); err != nil {
		return err
	}
	field := h.Get("Content-Type")
	if field == "" {
		return nil
	}
	mediaType, params, err := mime.ParseMediaType(field)
	charset := params["charset"]
	if err == nil && mediaType == "application/json" && charset != "" && !strings.EqualFold(charset, "utf-8") {
		return problem.New(http.StatusUnsupportedMediaType, "unsupported-media-type", "JSON is in UTF-8, in no other charset. "+hint).
			With("Accept", "application/json")
	}
	if err != nil || mediaType != "application/json" {
		return problem.New(http.StatusUnsupportedMediaType, "unsupported-media-type", hint).With("Accept", "application/json")
	}
	return nil
}

// isWide reports whether a text is in UTF-16 or UTF-32: it begins with their byte-order mark, or with a character of ASCII, as
// JSON does, beside a NUL.
func isWide(text []byte) bool {
	if len(text) < 2 {
		return false
	}
	big, little := text[0] == 0xfe && text[1] == 0xff, text[0] == 0xff && text[1] == 0xfe
	return big || little || text[0] == 0 || text[1] == 0
}

func notAnObject() *problem.Details {
	return problem.New(http.StatusBadRequest, "not-an-object", "The body has to be one JSON object.")
}

// bindProblem turns an error of the JSON package into a problem, in our words.
func bindProblem(body jsontext.Value, err error) *problem.Details {
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return problem.New(http.StatusBadRequest, "duplicate-member", "The body has the same member twice.")
		}
		return problem.New(http.StatusBadRequest, "malformed-json", "The body is not valid JSON in UTF-8."+brokenSign(body, err))
	}
	name := shorten(semantic.JSONPointer.LastToken())
	switch {
	case semantic.JSONPointer == "" && body.Kind() != jsontext.KindBeginObject:
		return notAnObject()
	case errors.Is(err, json.ErrUnknownName):
		return problem.New(http.StatusUnprocessableEntity, "unknown-member", fmt.Sprintf("The member %q is not known here.", name))
	}
	return problem.New(http.StatusUnprocessableEntity, "wrong-type",
		fmt.Sprintf("The member %q has to be %s.", name, typeName(semantic.GoType)))
}

// shorten bounds a client's text in a response.
func shorten(name string) string {
	const most = 64
	if len(name) > most {
		return strings.ToValidUTF8(name[:most], "") + "…"
	}
	return name
}

func typeName(t reflect.Type) string {
	if t == nil {
		return "of another type"
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "an array"
	}
	return "of another type"
}
