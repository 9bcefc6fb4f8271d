package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"tallygate/auth-service/internal/account"
)

// maxImportLine is the longest line of an import in bytes, its end included. The longest name has 2,048.
const maxImportLine = 4096

var (
	errLongLine  = fmt.Errorf("the line has more than %d bytes", maxImportLine-1)
	errEmptyLine = errors.New("the line is empty")
)

// readLine reads one line, without its end. After the last one the error is io.EOF, and the line is what follows the last end. If the
// line is too long, the error is errLongLine, and nothing of the line is left.
func readLine(from *bufio.Reader) (string, error) {
	line, err := from.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return strings.TrimSuffix(string(line), "\n"), err
	}
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = from.ReadSlice('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return "", errLongLine
}

// parseImportLine reads a line: a name, a hash, and then roles=…, plan=… and created_at=… in any order, with white space between them.
// The error is errEmptyLine, or a sentence for people.
func parseImportLine(number int, line string) (account.Imported, error) {
	if number == 1 {
		line = strings.TrimPrefix(line, "\ufeff") // some editors put it before the text
	}
	fields := strings.Fields(line)
	switch len(fields) {
	case 0:
		return account.Imported{}, errEmptyLine
	case 1:
		return account.Imported{}, errors.New("the line must be a name and a hash, with white space between them")
	}
	u := account.Imported{Name: fields[0], PasswordHash: fields[1]}
	seen := map[string]bool{}
	for n, field := range fields[2:] {
		key, value, _ := strings.Cut(field, "=")
		if seen[key] {
			return u, fmt.Errorf("%s= stands there twice", key)
		}
		seen[key] = true
		var err error
		switch key {
		case "roles":
			u.Role, u.Roles, err = parseRoles(value)
		case "plan":
			if u.Plan, err = account.NewPlanName(value); err != nil {
				err = reasonOf(err)
			}
		case "created_at":
			u.CreatedAt, err = parseCreated(value)
		default:
			err = fmt.Errorf("word %d is none of roles=…, plan=… and created_at=…", n+3)
		}
		if err != nil {
			return u, err
		}
	}
	return u, nil
}

// parseRoles reads a list with commas. The name admin in it makes an administrator.
func parseRoles(list string) (role account.Role, roles account.Roles, err error) {
	names := strings.Split(list, ",")
	others := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == string(account.RoleAdmin) })
	if len(others) < len(names) {
		role = account.RoleAdmin
	}
	if roles, err = account.NewRoles(others); err != nil {
		err = reasonOf(err)
	}
	return role, roles, err
}

// parseCreated reads a time of RFC 3339, or a date in UTC.
func parseCreated(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, errors.New("created_at= must be a time like 2019-03-04T05:06:07Z, or a date like 2019-03-04")
}
