package wire

// literal is text of our source. Outside this package, only an untyped constant converts to it.
type literal string

// FieldLines are field lines ready to be sent. The zero value has none.
//
// No line can be written that the parser of this package would not read back as the same name and value. A name is a
// constant of our source, or it is checked. A value is checked, unless it is copied from a head that has been parsed. A
// name or value that fails its check is a mistake in the program, which lets foreign bytes through without having parsed
// them: the method panics, and the head is never sent.
type FieldLines struct{ buf []byte }

// Reset forgets all lines.
func (l *FieldLines) Reset() { l.buf = l.buf[:0] }

// Add adds a field.
func (l *FieldLines) Add(name literal, value string) {
	b := append(append(append(l.buf, name...), ": "...), value...)
	l.buf = append(checked(b, len(b)-len(value)), "\r\n"...)
}

// AddBytes is Add for bytes.
func (l *FieldLines) AddBytes(name literal, value []byte) {
	b := append(append(append(l.buf, name...), ": "...), value...)
	l.buf = append(checked(b, len(b)-len(value)), "\r\n"...)
}

// AddFunc adds a field whose value is what the function appends.
func (l *FieldLines) AddFunc(name literal, appendValue func(b []byte) []byte) {
	b := append(append(l.buf, name...), ": "...)
	l.buf = append(checked(appendValue(b), len(b)), "\r\n"...)
}

// AddNamed is Add for a name that is known only when the program runs. It may not be one of those that End writes.
func (l *FieldLines) AddNamed(name, value string) {
	if !isName(name) || isReserved(name) {
		panic("wire: not a field's name: " + name)
	}
	l.Add(literal(name), value)
}

// AddLines adds all lines of another.
func (l *FieldLines) AddLines(other *FieldLines) { l.buf = append(l.buf, other.buf...) }

// checked is b, in which a field's value begins at from. It panics if the value would not be read back: it has controls
// inside, or space around it.
func checked(b []byte, from int) []byte {
	n := len(b)
	if from == n {
		return b
	}
	// Eight bytes at a time, from the end. The last step may reach into the name, which holds no controls.
	i := n
	for i > from && i >= 8 && !hasControl(b[i-8:i]) {
		i -= 8
	}
	if i > from && valueSpan(b[:i], from) != i || b[from] <= ' ' || b[n-1] <= ' ' {
		panic("wire: a field's value would not be read back")
	}
	return b
}

func isName(name string) bool { return name != "" && span([]byte(name), 0, isToken) == len(name) }

// isReserved reports whether the name is one that a HeadWriter writes by itself, or is taken for one.
func isReserved(name string) bool {
	switch len(name) {
	case len("Host"), len("Upgrade"), len("Connection"), len("Content-Length"), len("Transfer-Encoding"):
		kind, _ := kindOf([]byte(name))
		return kind == Host || kind.endWrites()
	}
	return false
}

// CopyField writes the field at a position below Fields into another head. It leaves out what End writes, and in a
// request Host: those hold for one connection or are there once.
func (h *header) CopyField(i int, to *HeadWriter) {
	p := &h.places[i]
	if p.kind.endWrites() || p.kind == Host && to.status == 0 {
		return
	}
	if p.value == p.nameEnd+2 && h.buf[p.nameEnd+1] == ' ' && h.buf[p.valueEnd] == '\r' {
		to.buf = append(to.buf, h.buf[p.name:p.valueEnd+2]...) // the line is as we write it
		return
	}
	b := append(append(to.buf, h.buf[p.name:p.nameEnd]...), ": "...)
	to.buf = append(append(b, h.buf[p.value:p.valueEnd]...), "\r\n"...)
}

// endWrites reports whether fields of the kind are written by End alone.
func (k Kind) endWrites() bool {
	return k == ContentLength || k == TransferEncoding || k == Connection || k == Upgrade
}
