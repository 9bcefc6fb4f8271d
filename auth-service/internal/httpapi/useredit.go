package httpapi

import (
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tallygate/auth-service/internal/account"
)

// userEdit is a change of a user. An absent member changes nothing. A null quota removes the quota, and a null plan
// means the default one; other members must not be null. The members are raw JSON because other types do not distinguish absent from null.
type userEdit struct {
	Disabled     jsontext.Value `json:"disabled"`
	Role         jsontext.Value `json:"role"`
	MonthlyQuota jsontext.Value `json:"monthly_quota"`
	Plan         jsontext.Value `json:"plan"`
	Roles        jsontext.Value `json:"roles"`
	MustChange   jsontext.Value `json:"must_change_password"`
}

// edit reads the members. The error is an *invalidError or a *fault.InvalidError.
func (e userEdit) edit() (out account.Edit, err error) {
	if out.Disabled, err = readBool("disabled", e.Disabled); err != nil {
		return out, err
	}
	if out.MustChangePassword, err = readBool("must_change_password", e.MustChange); err != nil {
		return out, err
	}
	if e.Role != nil {
		if out.Role, err = readRole(e.Role); err != nil {
			return out, err
		}
	}
	if e.MonthlyQuota != nil {
		if out.Quota, err = readQuota(e.MonthlyQuota); err != nil {
			return out, err
		}
	}
	if e.Plan != nil {
		if out.Plan, err = readPlanName(e.Plan); err != nil {
			return out, err
		}
	}
	if e.Roles != nil {
		out.Roles, err = readRoles(e.Roles)
	}
	return out, err
}

// readBool returns nil for an absent member.
func readBool(name string, value jsontext.Value) (*bool, error) {
	switch string(value) {
	case "":
		return nil, nil
	case "true", "false":
		yes := string(value) == "true"
		return &yes, nil
	}
	return nil, invalid(name, `The member "`+name+`" has to be true or false.`)
}

func readRole(value jsontext.Value) (*account.Role, error) {
	var name string
	role := account.RoleNone
	if value.Kind() == jsontext.KindString && json.Unmarshal(value, &name) == nil {
		switch name {
		case "admin":
			role = account.RoleAdmin
			return &role, nil
		case "user":
			return &role, nil
		}
	}
	return nil, invalid("role", `The role has to be "admin" or "user".`)
}

func readQuota(value jsontext.Value) (*account.Quota, error) {
	if value.Kind() == jsontext.KindNull {
		return &account.Quota{}, nil
	}
	limit, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil || limit < 0 {
		return nil, invalid("monthly_quota", "The quota has to be a whole number that is not negative, or null for none.")
	}
	return &account.Quota{Limit: &limit}, nil
}

func readPlanName(value jsontext.Value) (*account.PlanName, error) {
	var name account.PlanName
	if value.Kind() == jsontext.KindNull {
		return &name, nil
	}
	var text string
	if value.Kind() != jsontext.KindString || json.Unmarshal(value, &text) != nil {
		return nil, invalid("plan", "The plan has to be the name of one, or null for the default.")
	}
	name, err := account.NewPlanName(text)
	return &name, err
}

func readRoles(value jsontext.Value) (*account.Roles, error) {
	var names []string
	if value.Kind() != jsontext.KindBeginArray || json.Unmarshal(value, &names) != nil {
		return nil, invalid("roles", "The roles have to be a list of names.")
	}
	roles, err := account.NewRoles(names)
	return &roles, err
}
