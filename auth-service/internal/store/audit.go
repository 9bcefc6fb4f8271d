package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/account"
)

type auditRow struct {
	ID         int64 `gorm:"primaryKey;autoIncrement"`
	At         time.Time
	ActorID    *int64
	ActorName  string
	Action     string
	TargetID   int64
	TargetName string
	Detail     string
	Address    string
}

// TableName is for gorm.
func (auditRow) TableName() string { return "audit_log" }

func (r auditRow) entry() account.AuditEntry {
	e := account.AuditEntry{
		ID: r.ID, At: r.At.UTC(), Actor: account.Actor{Name: r.ActorName, Address: r.Address},
		Action: r.Action, TargetID: r.TargetID, TargetName: r.TargetName, Detail: r.Detail,
	}
	if r.ActorID != nil {
		e.Actor.ID = *r.ActorID
	}
	return e
}

func newAuditRow(e account.AuditEntry) auditRow {
	row := auditRow{
		At: e.At, ActorName: e.Actor.Name, Action: e.Action, TargetID: e.TargetID, TargetName: e.TargetName,
		Detail: e.Detail, Address: e.Actor.Address,
	}
	if e.Actor.ID != 0 {
		row.ActorID = &e.Actor.ID
	}
	return row
}

func addAudit(ctx context.Context, tx *gorm.DB, e account.AuditEntry) error {
	row := newAuditRow(e)
	return gorm.G[auditRow](tx).Create(ctx, &row)
}

// Audit implements account.Store.
func (s *Store) Audit(ctx context.Context, before int64, limit int) (entries []account.AuditEntry, err error) {
	err = s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) error {
		query := gorm.G[auditRow](db).Order("id desc").Limit(limit)
		if before > 0 {
			query = query.Where("id < ?", before)
		}
		rows, err := query.Find(ctx)
		for _, r := range rows {
			entries = append(entries, r.entry())
		}
		return err
	})
	return entries, err
}
