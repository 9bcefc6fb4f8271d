package apidoc

import (
	"bytes"
	"encoding/json"
)

// write appends a value as JSON. In texts < > & and the line ends of Unicode are escaped, so that the result is inert wherever it is
// put.
func write(into *bytes.Buffer, value any) {
	switch v := value.(type) {
	case nil:
		into.WriteString("null")
	case bool:
		if v {
			into.WriteString("true")
		} else {
			into.WriteString("false")
		}
	case number:
		into.WriteString(string(v))
	case string:
		text, _ := json.Marshal(v) // a text always has a form in JSON
		into.Write(text)
	case list:
		into.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				into.WriteByte(',')
			}
			write(into, item)
		}
		into.WriteByte(']')
	case object:
		into.WriteByte('{')
		for i, m := range v {
			if i > 0 {
				into.WriteByte(',')
			}
			write(into, m.name)
			into.WriteByte(':')
			write(into, m.value)
		}
		into.WriteByte('}')
	case raw:
		into.Write(v)
	}
}

// raw is JSON that has been written before.
type raw []byte

func written(value any) raw {
	var b bytes.Buffer
	write(&b, value)
	return b.Bytes()
}
