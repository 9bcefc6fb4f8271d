package store

import (
	"context"
	"encoding/json"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/shred"
)

// auditValueRow is what an entry of the audit log says about one of the persons in it, sealed under that person's key.
type auditValueRow struct {
	AuditID int64  `gorm:"primaryKey;autoIncrement:false"`
	Member  string `gorm:"primaryKey"`
	Sealed  []byte
}

// TableName is for gorm.
func (auditValueRow) TableName() string { return "audit_values" }

// The members.
const (
	auditActor  = "actor"
	auditTarget = "target"
)

// auditPerson is what is sealed, as JSON.
type auditPerson struct {
	Name    string `json:"name"`
	Address string `json:"address,omitempty"`
}

// person is somebody whom an entry names.
type person struct {
	id     int64
	member string
	is     auditPerson
}

// persons are those whom an entry names. What has no id is no person, but the command line, an invitation or a plan.
func persons(e account.AuditEntry) (list []person) {
	if e.Actor.ID != 0 {
		list = append(list, person{e.Actor.ID, auditActor, auditPerson{Name: e.Actor.Name, Address: e.Actor.Address}})
	}
	if e.TargetID != 0 && e.TargetName != "" {
		list = append(list, person{e.TargetID, auditTarget, auditPerson{Name: e.TargetName}})
	}
	return list
}

// sealPersons stores what entries, which have their ids, say about persons. What they say about those who are gone is not
// stored.
func sealPersons(ctx context.Context, tx *gorm.DB, entries []account.AuditEntry) error {
	seen := map[int64]bool{}
	var ids []int64
	for _, e := range entries {
		for _, p := range persons(e) {
			if !seen[p.id] {
				seen[p.id], ids = true, append(ids, p.id)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	keys, err := makeKeys(ctx, tx, ids)
	if err != nil {
		return err
	}
	var rows []auditValueRow
	for _, e := range entries {
		for _, p := range persons(e) {
			key, living := keys[p.id]
			if !living {
				continue
			}
			text, err := json.Marshal(p.is)
			if err != nil {
				return err
			}
			sealed, err := key.Seal(shred.Place{Row: e.ID, Person: p.id, Member: p.member}, text)
			if err != nil {
				return err
			}
			rows = append(rows, auditValueRow{AuditID: e.ID, Member: p.member, Sealed: sealed})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return gorm.G[auditValueRow](tx).CreateInBatches(ctx, &rows, rowsAtOnce)
}

// auditNames opens what audit_values says about the persons of some entries.
type auditNames struct {
	keys   personKeys
	values map[auditValueKey][]byte
	living map[int64]bool // users, of the entries that have names in clear
}

type auditValueKey struct {
	entry  int64
	member string
}

// namesFor reads what is needed to name the persons of the rows.
func namesFor(ctx context.Context, db *gorm.DB, rows []auditRow) (n auditNames, err error) {
	ids, users, plain := make([]int64, len(rows)), []int64{}, []int64{}
	for i, r := range rows {
		ids[i] = r.ID
		inRow := []int64{r.TargetID}
		if r.ActorID != nil {
			inRow = append(inRow, *r.ActorID)
		}
		users = append(users, inRow...)
		if r.plain() {
			plain = append(plain, inRow...)
		}
	}
	if n.keys, err = keysOf(ctx, db, users); err != nil {
		return n, err
	}
	values, err := gorm.G[auditValueRow](db).Where("audit_id in ?", ids).Find(ctx)
	if err != nil {
		return n, err
	}
	n.values = make(map[auditValueKey][]byte, len(values))
	for _, v := range values {
		n.values[auditValueKey{v.AuditID, v.Member}] = v.Sealed
	}
	n.living, err = livingOf(ctx, db, plain)
	return n, err
}

// livingOf says which of the users are there.
func livingOf(ctx context.Context, db *gorm.DB, users []int64) (map[int64]bool, error) {
	if len(users) == 0 {
		return nil, nil
	}
	rows, err := gorm.G[userRow](db).Select("id").Where("id in ?", users).Find(ctx)
	living := make(map[int64]bool, len(rows))
	for _, r := range rows {
		living[r.ID] = true
	}
	return living, err
}

// of is what an entry says about a person, or nothing if the person was erased; shred.ErrNotOpened if somebody has tampered
// with it.
func (n auditNames) of(entry, user int64, member string) (p auditPerson, err error) {
	key, living := n.keys[user]
	sealed, there := n.values[auditValueKey{entry, member}]
	if !living || !there {
		return p, nil
	}
	text, err := key.Open(shred.Place{Row: entry, Person: user, Member: member}, sealed)
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(text, &p)
}
