package dbcopy

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// digest is over the rows of a table, whatever their order: the number of rows, and the sum of their SHA-256s. Databases sort
// texts differently.
type digest struct {
	rows int64
	sum  [sha256.Size / 8]uint64
}

func (d *digest) add(row []byte) {
	d.rows++
	hash := sha256.Sum256(row)
	for i := range d.sum {
		d.sum[i] += binary.BigEndian.Uint64(hash[8*i:])
	}
}

func (d *digest) String() string { return fmt.Sprintf("%d rows, digest %016x", d.rows, d.sum[0]) }
