package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/account"
)

// auditRow is an entry of the audit log. Names and addresses of persons stand in audit_values; ActorName is that of an actor who
// is no person, TargetName that of a plan. Only auth-service of the version before writes the others into the row (plain).
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
	Changes    *string // JSON
}

// auditChange is an element of the column changes.
type auditChange struct {
	Name string  `json:"name"`
	From *string `json:"from"`
	To   *string `json:"to"`
}

func changesColumn(changes []account.AuditChange) (*string, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	list := make([]auditChange, len(changes))
	for i, c := range changes {
		list[i] = auditChange(c)
	}
	raw, err := json.Marshal(list)
	text := string(raw)
	return &text, err
}

func (r auditRow) changes() ([]account.AuditChange, error) {
	if r.Changes == nil {
		return nil, nil
	}
	var list []auditChange
	if err := json.Unmarshal([]byte(*r.Changes), &list); err != nil {
		return nil, fmt.Errorf("changes of entry %d of the audit log: %w", r.ID, err)
	}
	changes := make([]account.AuditChange, len(list))
	for i, c := range list {
		changes[i] = account.AuditChange(c)
	}
	return changes, nil
}

// TableName is for gorm.
func (auditRow) TableName() string { return "audit_log" }

// entry is what the row itself says.
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

func newAuditRow(e account.AuditEntry) (auditRow, error) {
	changes, err := changesColumn(e.Changes)
	row := auditRow{At: e.At, Action: e.Action, TargetID: e.TargetID, Detail: e.Detail, Changes: changes}
	if e.Actor.ID != 0 {
		row.ActorID = &e.Actor.ID
	} else {
		row.ActorName = e.Actor.Name
	}
	if e.TargetID == 0 {
		row.TargetName = e.TargetName
	}
	return row, err
}

func addAudit(ctx context.Context, tx *gorm.DB, e account.AuditEntry) error {
	return addAudits(ctx, tx, []account.AuditEntry{e})
}

// addAudits adds entries and gives them their ids. Call it after a deletion of a user: the entry about that has no name then.
func addAudits(ctx context.Context, tx *gorm.DB, entries []account.AuditEntry) error {
	if len(entries) == 0 {
		return nil
	}
	rows := make([]auditRow, len(entries))
	for i, e := range entries {
		var err error
		if rows[i], err = newAuditRow(e); err != nil {
			return err
		}
	}
	if err := gorm.G[auditRow](tx).CreateInBatches(ctx, &rows, rowsAtOnce); err != nil {
		return err
	}
	for i := range entries {
		entries[i].ID = rows[i].ID
	}
	return sealPersons(ctx, tx, entries)
}

// Audit implements account.Store.
func (s *Store) Audit(ctx context.Context, q account.AuditQuery) (entries []account.AuditEntry, err error) {
	err = s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) error {
		rows, err := auditRows(ctx, db, q)
		if err != nil || len(rows) == 0 {
			return err
		}
		names, err := namesFor(ctx, db, rows)
		if err != nil {
			return err
		}
		for _, r := range rows {
			e := s.named(ctx, r, names)
			if e.Changes, err = r.changes(); err != nil {
				return err
			}
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

func auditRows(ctx context.Context, db *gorm.DB, q account.AuditQuery) ([]auditRow, error) {
	rows := gorm.G[auditRow](db).Order("id desc").Limit(q.Limit)
	if q.Before > 0 {
		rows = rows.Where("id < ?", q.Before)
	}
	if q.Action != "" {
		rows = rows.Where("action = ?", q.Action)
	}
	if !q.From.IsZero() {
		rows = rows.Where("at >= ?", q.From)
	}
	if !q.To.IsZero() {
		rows = rows.Where("at < ?", q.To)
	}
	if q.Actor != nil {
		rows = ofParty(rows, *q.Actor, "actor_id in ?", "actor_id is null and actor_name = ?")
	}
	if q.Target != nil {
		rows = ofParty(rows, *q.Target, "target_id in ?", "target_id = 0 and target_name = ?")
	}
	return rows.Find(ctx)
}

// ofParty selects the rows of one of the users, or of what has the name and is no user. Without either it selects none.
func ofParty(rows gorm.ChainInterface[auditRow], p account.AuditParty, users, name string) gorm.ChainInterface[auditRow] {
	if p.Name == "" {
		return rows.Where(users, p.Users)
	}
	if len(p.Users) == 0 {
		return rows.Where(name, p.Name)
	}
	return rows.Where("("+users+" or "+name+")", p.Users, p.Name)
}

// named is the entry with the names of those who live.
func (s *Store) named(ctx context.Context, r auditRow, names auditNames) account.AuditEntry {
	e := r.entry()
	if r.plain() {
		return withoutGone(e, names.living)
	}
	open := func(user int64, member string) auditPerson {
		p, err := names.of(r.ID, user, member)
		if err != nil {
			s.log.ErrorContext(ctx, "the audit log was tampered with", "entry", r.ID, "member", member, "user_id", user, "error", err)
		}
		return p
	}
	if e.Actor.ID != 0 {
		actor := open(e.Actor.ID, auditActor)
		e.Actor.Name, e.Actor.Address = actor.Name, actor.Address
	}
	if e.TargetID != 0 {
		e.TargetName = open(e.TargetID, auditTarget).Name
	}
	return e
}

// withoutGone is an entry without the names of those who are gone.
func withoutGone(e account.AuditEntry, living map[int64]bool) account.AuditEntry {
	if e.Actor.ID != 0 && !living[e.Actor.ID] {
		e.Actor.Name, e.Actor.Address = "", ""
	}
	if !living[e.TargetID] {
		e.TargetName = ""
	}
	return e
}
