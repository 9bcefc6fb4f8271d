package account

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
)

// ParseID reads the id of a user, an API key or an invitation: a whole number from 1 to 2^63-1 in decimal digits, the first of
// them not 0. Other spellings, such as 007, are none.
func ParseID(text string) (id int64, ok bool) {
	id, err := strconv.ParseInt(text, 10, 64)
	return id, err == nil && id > 0 && strconv.FormatInt(id, 10) == text
}

// randomID is a random id. No restore of the database gives it again.
func (s *Service) randomID() (int64, error) {
	for {
		var b [8]byte
		if _, err := io.ReadFull(s.cfg.Random, b[:]); err != nil {
			return 0, fmt.Errorf("random bytes: %w", err)
		}
		if id := int64(binary.BigEndian.Uint64(b[:]) >> 1); id != 0 {
			return id, nil
		}
	}
}
