package account

import "time"

// Role is what a user may do beyond their own account.
type Role string

// The roles.
const (
	RoleNone  Role = ""
	RoleAdmin Role = "admin"
)

// word is the role as the API has it.
func (r Role) word() string {
	if r == RoleNone {
		return "user"
	}
	return string(r)
}

// User is one account.
type User struct {
	ID           int64
	Name         string // as PrepareName made it
	PasswordHash string // empty until the first password is set; then no password is right
	Role         Role
	Disabled     bool
	// Generation is in every access token; raising it ends all of them.
	Generation   int64
	MonthlyQuota *int64 // requests a calendar month, whatever the plan says; nil means that the plan decides
	Plan         PlanName
	Roles        Roles
	CreatedAt    time.Time
	TOTP         bool // signing in takes a one-time code besides the password
	// MustChangePassword: the next sign-in has to bring a new password.
	MustChangePassword bool
	Reset              Reset
}
