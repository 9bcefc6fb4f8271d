package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/pressly/goose/v3"

	"tallygate/auth-service/internal/fault"
	"tallygate/kit/every"
)

//go:embed migrations
var migrations embed.FS

// Waits between attempts to reach a database that is not up yet. They double from the first to the longest.
const (
	firstWait = 100 * time.Millisecond
	longWait  = 2 * time.Second
)

// Start waits until the database can be reached, however long that takes, brings its schema up to date, and begins an epoch.
// Several replicas may call it at once. The error is that of ctx or of a failed migration.
func (s *Store) Start(ctx context.Context) error {
	wait := firstWait
	for {
		err := s.engine.migrate(ctx, s.public.pool, s.log)
		if err == nil {
			err = errors.Join(s.private.warm(ctx), s.public.warm(ctx))
		}
		if err == nil {
			err = s.beginEpoch(ctx)
		}
		if err == nil {
			go s.public.grow(s.growing)
			go s.private.grow(s.growing)
			s.ready.Store(true)
			s.succeeded(ctx)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !s.engine.outage(err) && !errors.Is(err, fault.ErrUnavailable) && !errors.Is(err, fault.ErrBusy) {
			return fmt.Errorf("migrate: %w", err)
		}
		cause := s.engine.cause(err)
		s.outage.began(cause)
		s.log.WarnContext(ctx, "waiting for the database", "cause", cause, "error", err, "again_in", wait.String())
		every.Sleep(ctx, wait)
		wait = min(2*wait, longWait)
	}
}

func migrate(ctx context.Context, dialect goose.Dialect, pool *sql.DB, log *slog.Logger, more ...goose.ProviderOption) error {
	folder := map[goose.Dialect]string{goose.DialectPostgres: "postgres", goose.DialectSQLite3: "sqlite"}[dialect]
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, pool, files, append(more, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		return err
	}
	done, err := provider.Up(ctx)
	for _, one := range done {
		log.InfoContext(ctx, "migrated", "file", one.Source.Path, "took", one.Duration.String())
	}
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		return partial.Err
	}
	if err != nil {
		return err
	}
	return warnIfNewer(ctx, provider, log)
}

// newestSchema is the number of the last migration that this program knows. Both databases have the same.
func newestSchema() (newest int64, err error) {
	files, err := fs.Glob(migrations, "migrations/sqlite/*.sql")
	if err != nil {
		return 0, err
	}
	for _, file := range files {
		number, err := goose.NumericComponent(file)
		if err != nil {
			return 0, err
		}
		newest = max(newest, number)
	}
	return newest, nil
}

// warnIfNewer tells that a newer version has migrated the database. This one goes on, as replicas do that were started before.
func warnIfNewer(ctx context.Context, provider *goose.Provider, log *slog.Logger) error {
	version, err := provider.GetDBVersion(ctx)
	if err != nil {
		return err
	}
	known, err := newestSchema()
	if err != nil {
		return err
	}
	if version > known {
		log.WarnContext(ctx, "a newer auth-service has migrated the database; run that version, or restore the back-up from before the upgrade",
			"schema", version, "known", known)
	}
	return nil
}
