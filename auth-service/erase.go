package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"tallygate/auth-service/internal/account"
)

func eraseCommands() []command {
	return []command{
		{
			noun: "admin", verb: "erase", args: []string{"[ID...]"}, run: eraseUsers,
			help: "delete users by their ids and erase all that is known about the persons; without ids, those that standard input\n" +
				"has, one at the beginning of each line",
		},
		{
			noun: "admin", verb: "erased", run: listErased,
			help: "list the users who were deleted: whom to erase again after an older back-up was restored",
		},
	}
}

// eraseUsers deletes users. It goes on after an id that no user has: whoever is gone already needs no erasing.
func eraseUsers(ctx context.Context, c call) error {
	ids, err := readIDs(c.args, c.in)
	if err != nil {
		return err
	}
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	erased := 0
	for _, id := range ids {
		err := accounts.RemoveUser(ctx, commandLine(), id, nil)
		switch {
		case errors.Is(err, account.ErrNoUser):
			continue
		case err != nil:
			return fmt.Errorf("user id %d: %w (%d users erased before that; it can be repeated)", id, err, erased)
		}
		erased++
	}
	fmt.Fprintf(c.out, "%d users erased, %d were gone before.\n", erased, len(ids)-erased)
	return nil
}

// readIDs reads all ids before the first is used: a mistake erases nobody.
func readIDs(args []string, in io.Reader) (ids []int64, err error) {
	if len(args) > 0 {
		for _, text := range args {
			id, err := parseID(text)
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
		return ids, nil
	}
	lines := bufio.NewScanner(in)
	for number := 1; lines.Scan(); number++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 {
			continue
		}
		id, err := parseID(words[0])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		ids = append(ids, id)
	}
	return ids, lines.Err()
}

func parseID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, fmt.Errorf("%q is no user id: that is a whole number above 0", text)
	}
	return id, nil
}

// listErased writes a line for each user who was deleted, as eraseUsers reads it: the id and the time.
func listErased(ctx context.Context, c call) error {
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	out := bufio.NewWriter(c.out)
	for after := int64(0); ; {
		page, err := accounts.Erased(ctx, after, account.MaxPage)
		if err != nil {
			return err
		}
		for _, u := range page {
			fmt.Fprintf(out, "%d\t%s\n", u.ID, u.At.Format(time.RFC3339))
			after = u.ID
		}
		if len(page) < account.MaxPage {
			return out.Flush()
		}
	}
}
