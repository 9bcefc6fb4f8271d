package h2

import (
	"encoding/binary"
	"errors"
	"io"
	"math"
	"time"

	"golang.org/x/net/http2"
)

// screen reads what a client sends, frame by frame, before package http2 does. It ends connections that bring much work and few requests,
// and mends what package http2 treats in another way than RFC 9113 asks for:
//
//   - A setting that comes twice in one frame: the later one holds (section 6.5.3). Package http2 ends the connection.
//   - A field that is about the connection is malformed (section 8.2.2). Package http2 responds to it, in plain text.
type screen struct {
	Conn

	head    [frameHead]byte
	pass    int    // bytes that are passed on as they are
	pending []byte // what comes next
	credit  credit
}

// prefaceBytes is how long the text is that begins a connection (section 3.4).
const prefaceBytes = len(http2.ClientPreface)

func newScreen(c Conn) *screen {
	return &screen{Conn: c, pass: prefaceBytes, credit: credit{left: creditMost, at: time.Now()}}
}

// Read implements net.Conn. An error that package http2 knows ends the connection with GOAWAY.
func (s *screen) Read(p []byte) (int, error) {
	for len(p) > 0 {
		switch {
		case len(s.pending) > 0:
			n := copy(p, s.pending)
			s.pending = s.pending[n:]
			return n, nil
		case s.pass > 0:
			n, err := s.Conn.Read(p[:min(len(p), s.pass)])
			s.pass -= n
			return n, err
		}
		if err := s.next(); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// Write implements net.Conn.
func (s *screen) Write(p []byte) (int, error) {
	s.credit.earned.Add(int64(len(p)))
	return s.Conn.Write(p)
}

const frameHead = 9 // bytes

// next reads a frame's head, and the whole frame if it may have to be mended.
func (s *screen) next() error {
	head := s.head[:]
	if _, err := io.ReadFull(s.Conn, head); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return err
	}
	length := int(head[0])<<16 | int(head[1])<<8 | int(head[2])
	kind, flags := http2.FrameType(head[3]), http2.Flags(head[4])
	if !s.credit.spend(costOf(kind, flags, length), time.Now()) {
		return http2.ConnectionError(http2.ErrCodeEnhanceYourCalm)
	}
	mends := kind == http2.FrameSettings && !flags.Has(http2.FlagSettingsAck) || kind == http2.FrameHeaders && flags.Has(http2.FlagHeadersEndHeaders)
	if !mends || length > frameBytes {
		s.pending, s.pass = head, length
		return nil
	}
	frame := make([]byte, frameHead+length, frameHead+length+len(malformedField))
	copy(frame, head)
	if _, err := io.ReadFull(s.Conn, frame[frameHead:]); err != nil {
		return err
	}
	if kind == http2.FrameSettings {
		s.pending = withoutRepeated(frame)
	} else {
		s.pending = withoutConnectionFields(frame)
	}
	return nil
}

func setLength(frame []byte) {
	n := len(frame) - frameHead
	frame[0], frame[1], frame[2] = byte(n>>16), byte(n>>8), byte(n)
}

const settingBytes = 6

// withoutRepeated removes from a SETTINGS frame each setting that comes again later in it. Values that may not be, and the size of the
// table for header compression, whose every value means something, stay.
func withoutRepeated(frame []byte) []byte {
	if len(frame)%settingBytes != frameHead%settingBytes {
		return frame
	}
	kept := frame[:frameHead]
	for at := frameHead; at < len(frame); at += settingBytes {
		if one := frame[at : at+settingBytes]; !comesAgain(one, frame[at+settingBytes:]) {
			kept = append(kept, one...)
		}
	}
	setLength(kept)
	return kept
}

// comesAgain reports whether a setting has no effect, because it is among the later ones.
func comesAgain(one, later []byte) bool {
	value := binary.BigEndian.Uint32(one[2:])
	switch http2.SettingID(binary.BigEndian.Uint16(one)) {
	case http2.SettingInitialWindowSize:
		if value > math.MaxInt32 {
			return false
		}
	case http2.SettingMaxConcurrentStreams, http2.SettingMaxHeaderListSize:
	default:
		return false
	}
	for ; len(later) > 0; later = later[settingBytes:] {
		if later[0] == one[0] && later[1] == one[1] {
			return true
		}
	}
	return false
}
