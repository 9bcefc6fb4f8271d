package h2_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"tallygate/gateway/internal/h2"
)

// sent is a connection on which a client has sent something.
type sent struct {
	net.Conn
	io.Reader
}

func (s sent) Read(p []byte) (int, error)           { return s.Reader.Read(p) }
func (s sent) Write(p []byte) (int, error)          { return len(p), nil }
func (s sent) ConnectionState() tls.ConnectionState { return tls.ConnectionState{} }

// screened returns what package http2 gets of frames, and how that ends.
func screened(write func(*http2.Framer)) ([]byte, error) {
	var in bytes.Buffer
	in.WriteString(http2.ClientPreface)
	write(http2.NewFramer(&in, nil))
	all, err := io.ReadAll(h2.NewScreen(sent{nil, &in}))
	return bytes.TrimPrefix(all, []byte(http2.ClientPreface)), err
}

func setting(id http2.SettingID, value uint32) http2.Setting {
	return http2.Setting{ID: id, Val: value}
}

func TestSettingsThatRepeat(t *testing.T) {
	t.Parallel()
	window, table, streams := http2.SettingInitialWindowSize, http2.SettingHeaderTableSize, http2.SettingMaxConcurrentStreams
	for name, row := range map[string]struct{ in, want []http2.Setting }{
		"none":                        {},
		"one":                         {in: []http2.Setting{setting(window, 1)}, want: []http2.Setting{setting(window, 1)}},
		"the later holds":             {in: []http2.Setting{setting(window, 1), setting(streams, 9), setting(window, 2)}, want: []http2.Setting{setting(streams, 9), setting(window, 2)}},
		"one that may not be stays":   {in: []http2.Setting{setting(window, 1<<31), setting(window, 2)}, want: []http2.Setting{setting(window, 1<<31), setting(window, 2)}},
		"all sizes of the table stay": {in: []http2.Setting{setting(table, 0), setting(table, 9)}, want: []http2.Setting{setting(table, 0), setting(table, 9)}},
	} {
		got, err := screened(func(f *http2.Framer) { _ = f.WriteSettings(row.in...) })
		var want bytes.Buffer
		_ = http2.NewFramer(&want, nil).WriteSettings(row.want...)
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s: got %x (%v), want %x", name, got, err, want.Bytes())
		}
	}
}

func TestFieldsAboutTheConnectionMakeAHeadMalformed(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		fields    []hpack.HeaderField
		malformed bool
	}{
		"usual ones":        {fields: []hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: "accept", Value: "*/*"}, {Name: "x-" + strings.Repeat("y", 300), Value: strings.Repeat("z", 500)}}},
		"te":                {fields: []hpack.HeaderField{{Name: "te", Value: "trailers"}}},
		"te, sensitive":     {fields: []hpack.HeaderField{{Name: "te", Value: "trailers", Sensitive: true}}},
		"another te":        {fields: []hpack.HeaderField{{Name: "te", Value: "gzip"}}, malformed: true},
		"connection":        {fields: []hpack.HeaderField{{Name: ":method", Value: "GET"}, {Name: "connection", Value: "close"}}, malformed: true},
		"keep-alive":        {fields: []hpack.HeaderField{{Name: "keep-alive", Value: "1", Sensitive: true}}, malformed: true},
		"proxy-connection":  {fields: []hpack.HeaderField{{Name: "proxy-connection", Value: ""}}, malformed: true},
		"transfer-encoding": {fields: []hpack.HeaderField{{Name: "transfer-encoding", Value: "chunked"}}, malformed: true},
		"upgrade":           {fields: []hpack.HeaderField{{Name: "upgrade", Value: "websocket"}}, malformed: true},
		"a value like one":  {fields: []hpack.HeaderField{{Name: "x", Value: "connection"}}},
	} {
		for kind, p := range map[string]http2.HeadersFrameParam{"plain": {}, "padded": {PadLength: 9}, "with a priority": {PadLength: 1, Priority: http2.PriorityParam{StreamDep: 3, Weight: 9}}} {
			var block bytes.Buffer
			encoder := hpack.NewEncoder(&block)
			for _, f := range row.fields {
				_ = encoder.WriteField(f)
			}
			p.StreamID, p.EndHeaders, p.BlockFragment = 1, true, block.Bytes()
			got, err := screened(func(f *http2.Framer) { _ = f.WriteHeaders(p) })
			if err != nil {
				t.Fatal(err)
			}
			read := http2.NewFramer(nil, bytes.NewReader(got))
			read.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
			frame, err := read.ReadFrame()
			stream, refused := errors.AsType[http2.StreamError](err)
			switch {
			case refused != row.malformed || refused && (stream.Code != http2.ErrCodeProtocol || stream.StreamID != 1):
				t.Errorf("%s, %s: got %v", name, kind, err)
			case !refused && len(frame.(*http2.MetaHeadersFrame).Fields) != len(row.fields):
				t.Errorf("%s, %s: got %v", name, kind, frame)
			}
			if _, err := read.ReadFrame(); !errors.Is(err, io.EOF) {
				t.Errorf("%s, %s: afterwards: %v", name, kind, err)
			}
		}
	}
}

func TestFramesThatAreWorkAndNoRequestsAreBounded(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		write func(*http2.Framer) error
		most  int // about; 0: any number
	}{
		"resets":          {write: func(f *http2.Framer) error { return f.WriteRSTStream(1, http2.ErrCodeCancel) }, most: 1000},
		"pings":           {write: func(f *http2.Framer) error { return f.WritePing(false, [8]byte{}) }, most: 1000},
		"settings":        {write: func(f *http2.Framer) error { return f.WriteSettings() }, most: 1000},
		"empty data":      {write: func(f *http2.Framer) error { return f.WriteData(1, false, nil) }, most: 1000},
		"parts of heads":  {write: func(f *http2.Framer) error { return f.WriteContinuation(1, false, nil) }, most: 1000},
		"priorities":      {write: func(f *http2.Framer) error { return f.WritePriority(1, http2.PriorityParam{StreamDep: 3}) }, most: 1000},
		"unknown ones":    {write: func(f *http2.Framer) error { return f.WriteRawFrame(99, 0, 0, nil) }, most: 1000},
		"window updates":  {write: func(f *http2.Framer) error { return f.WriteWindowUpdate(1, 1) }, most: 8000},
		"data":            {write: func(f *http2.Framer) error { return f.WriteData(1, false, []byte("x")) }},
		"ends of streams": {write: func(f *http2.Framer) error { return f.WriteData(1, true, nil) }},
		"heads": {write: func(f *http2.Framer) error {
			return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, EndHeaders: true})
		}},
	} {
		const all = 20_000
		got, err := screened(func(f *http2.Framer) {
			for range all {
				_ = row.write(f)
			}
		})
		var one bytes.Buffer
		_ = row.write(http2.NewFramer(&one, nil))
		frames := len(got) / one.Len()
		switch calm := errors.Is(err, http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)); {
		case row.most == 0 && (err != nil || frames != all):
			t.Errorf("%s: got %v after %d frames, want all", name, err, frames)
		case row.most > 0 && (!calm || frames < row.most || frames > 2*row.most):
			t.Errorf("%s: got %v after %d frames, want an end after about %d", name, err, frames, row.most)
		}
	}
}
