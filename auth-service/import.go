package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/fault"
)

// importBatch is how many users one transaction adds. More lines are never in memory.
const importBatch = 500

// importAttempts is how often a batch is tried while the database is busy with the calls of a service.
const importAttempts = 5

// userImport is an import under way.
type userImport struct {
	accounts                *account.Service
	reports                 io.Writer // gets why a line is refused
	batch                   []account.NewUser
	added, present, refused int
	plans                   map[account.PlanName]bool // that were looked for, and whether they exist
}

// importUsers adds users of another system, one line each. Lines that are refused do not keep the others from being added. Users
// who exist are not changed, so an import that was interrupted can be repeated.
func importUsers(ctx context.Context, c call) error {
	accounts, closeAccounts, err := openAccounts(ctx, c.lookup)
	if err != nil {
		return err
	}
	defer closeAccounts()
	i := &userImport{accounts: accounts, reports: c.err, plans: map[account.PlanName]bool{}}
	if err := i.readAll(ctx, c.in); err != nil {
		return fmt.Errorf("%w (%s before that; the import can be repeated)", err, i.soFar())
	}
	fmt.Fprintf(c.out, "%s.\n", i.soFar())
	if i.refused > 0 {
		return fmt.Errorf("%d lines were refused; what is wrong with them stands above", i.refused)
	}
	return nil
}

func (i *userImport) soFar() string {
	return fmt.Sprintf("%d users imported, %d were there before", i.added, i.present)
}

func (i *userImport) readAll(ctx context.Context, in io.Reader) error {
	lines := bufio.NewReaderSize(in, maxImportLine)
	for number := 1; ; number++ {
		line, err := readLine(lines)
		end := errors.Is(err, io.EOF)
		switch {
		case errors.Is(err, errLongLine):
			i.refuse(number, err)
		case err != nil && !end:
			return fmt.Errorf("line %d: %w", number, err)
		default:
			if err := i.take(ctx, number, line); err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
		}
		if end || len(i.batch) == importBatch {
			if err := i.flush(ctx); err != nil {
				return fmt.Errorf("line %d: %w", number, err)
			}
		}
		if end {
			return nil
		}
	}
}

// take adds the user of a line to the batch, or says why not. The error is that of the database.
func (i *userImport) take(ctx context.Context, number int, line string) error {
	imported, err := parseImportLine(number, line)
	if errors.Is(err, errEmptyLine) {
		return nil
	}
	var user account.NewUser
	if err == nil {
		user, err = i.accounts.PrepareImport(commandLine(), imported)
	}
	if err != nil {
		i.refuse(number, err)
		return nil
	}
	there, err := i.hasPlan(ctx, user.Plan)
	if err != nil {
		return err
	}
	if !there {
		i.refuse(number, fmt.Errorf("there is no plan %q", user.Plan))
		return nil
	}
	i.batch = append(i.batch, user)
	return nil
}

// hasPlan reports whether there is a plan. It asks once for each.
func (i *userImport) hasPlan(ctx context.Context, name account.PlanName) (bool, error) {
	there, known := i.plans[name]
	if known || name == "" {
		return there || name == "", nil
	}
	_, err := i.accounts.Plan(ctx, name.String())
	if err != nil && !errors.Is(err, account.ErrPlanNotFound) {
		return false, err
	}
	i.plans[name] = err == nil
	return err == nil, nil
}

func (i *userImport) refuse(number int, err error) {
	i.refused++
	fmt.Fprintf(i.reports, "line %d: %s\n", number, reasonOf(err))
}

// reasonOf is an error as a sentence for people, if there is one.
func reasonOf(err error) error {
	if invalid, ok := errors.AsType[*fault.InvalidError](err); ok {
		return errors.New(invalid.Reason)
	}
	return err
}

// flush adds the users of the batch.
func (i *userImport) flush(ctx context.Context) (err error) {
	if len(i.batch) == 0 {
		return nil
	}
	var added int
	for range importAttempts {
		if added, err = i.accounts.ImportUsers(ctx, i.batch); !errors.Is(err, fault.ErrBusy) {
			break
		}
	}
	if err != nil {
		return err
	}
	i.added += added
	i.present += len(i.batch) - added
	i.batch = i.batch[:0]
	return nil
}
