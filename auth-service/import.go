package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"tallygate/auth-service/internal/account"
)

// importUsers adds users of another system, one line each: the name, white space, the hash of the password. Users who
// exist are not changed, so an import that was interrupted can be repeated.
func importUsers(ctx context.Context, c call) error {
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	added, present, line := 0, 0, 0
	lines := bufio.NewScanner(c.in)
	for lines.Scan() {
		line++
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 2 {
			return fmt.Errorf("line %d must be a name and a hash (%d users were imported before it)", line, added)
		}
		_, err := accounts.ImportUser(ctx, commandLine(), fields[0], fields[1])
		switch {
		case err == nil:
			added++
		case errors.Is(err, account.ErrNameTaken):
			present++
		default:
			return fmt.Errorf("line %d: %w (%d users were imported before it)", line, err, added)
		}
	}
	fmt.Fprintf(c.out, "%d users imported, %d were there before.\n", added, present)
	return lines.Err()
}
