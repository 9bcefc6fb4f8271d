package meter

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// header begins a segment's file: a page of its own, written once. The file's path says the same (the folder is the
// instance, the name is the number), so a torn header loses nothing.
type header struct {
	Magic    [8]byte
	Version  uint32
	RowBytes uint32
	Number   uint64
	Capacity uint64
	Instance [36]byte
	Checksum uint32 // CRC-32C of all before it
}

const (
	headerBytes   = 4096
	headerVersion = 2
)

var (
	errHeaderTorn    = errors.New("torn header")
	errHeaderForeign = errors.New("written by another version of the gateway, or on another kind of machine")
)

func headerMagic() [8]byte { return [8]byte{'T', 'A', 'L', 'L', 'Y', 'S', 'E', 'G'} }

// encodeHeader writes the header in the machine's own byte order, as the rows are.
func encodeHeader(instance string, number uint64, capacity int) ([]byte, error) {
	h := header{
		Magic: headerMagic(), Version: headerVersion, RowBytes: rowBytes, Number: number,
		Capacity: uint64(capacity),
	}
	copy(h.Instance[:], instance)
	page := make([]byte, headerBytes)
	n, err := binary.Encode(page, binary.NativeEndian, h)
	if err != nil {
		return nil, err
	}
	binary.NativeEndian.PutUint32(page[n-4:], headerSum(page[:n-4]))
	return page, nil
}

// checkHeader returns errHeaderTorn for a header that was not written completely: the rows have to be checked one by one.
// It returns errHeaderForeign for a header that says that the rows have a form that this gateway does not know.
func checkHeader(page []byte) error {
	var h header
	n, err := binary.Decode(page, binary.NativeEndian, &h)
	if err != nil {
		return errHeaderTorn
	}
	switch {
	case h.Magic != headerMagic() || headerSum(page[:n-4]) != h.Checksum:
		return errHeaderTorn
	case h.Version != headerVersion && h.Version != headerVersion1 || h.RowBytes != rowBytes:
		return errHeaderForeign
	}
	return nil
}

func headerSum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
