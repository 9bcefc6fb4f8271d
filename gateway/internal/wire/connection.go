package wire

import "bytes"

const maxNominated = 16

// connectionField is the content of all Connection fields together (RFC 9110 section 7.6.1).
type connectionField struct {
	close, keepAlive, upgrade bool
	nominated                 [][]byte // maxNominated at most
}

func (c *connectionField) reset() {
	c.close, c.keepAlive, c.upgrade, c.nominated = false, false, false, c.nominated[:0]
}

func (c *connectionField) read(value []byte) error {
	for len(value) > 0 {
		option, rest := value, []byte(nil)
		if i := bytes.IndexByte(value, ','); i >= 0 {
			option, rest = value[:i], value[i+1:]
		}
		value = rest
		from, to := trim(option, 0, len(option))
		option = option[from:to]
		switch {
		case len(option) == 0:
		case span(option, 0, isToken) != len(option):
			return ErrConnection
		case equalFold(option, "close"):
			c.close = true
		case equalFold(option, "keep-alive"):
			c.keepAlive = true
		case equalFold(option, "upgrade"):
			c.upgrade = true
		case len(c.nominated) == maxNominated:
			return ErrConnection
		default:
			c.nominated = append(c.nominated, option)
		}
	}
	return nil
}

func (c *connectionField) nominates(name []byte) bool {
	for _, option := range c.nominated {
		if bytes.EqualFold(option, name) {
			return true
		}
	}
	return false
}
