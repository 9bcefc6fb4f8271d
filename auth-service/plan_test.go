package main

import (
	"strings"
	"testing"
)

func TestPlansOnTheCommandLine(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	if code, _, told := runImport(t, vars, "ada "+bcryptOf123456+" roles=ops\n"); code != 0 {
		t.Fatal(told)
	}
	for _, step := range []struct {
		words string
		code  int
		says  string
	}{
		{"plan list", 0, "default  MONTHLY_QUOTA  -    -          -\n"},
		{"plan set pro -month 100000 -rates *=10/s:20,root=60/m -in-flight 5", 0, "The plan pro is new.\n"},
		{"plan list", 0, "pro      100000         -    5          *=10/s:20,root=60/m:60\n"},
		{"plan set pro --day=7", 0, "The plan pro is replaced.\n"},
		{"plan set default -month 5", 0, "The plan default is replaced.\n"},
		{"plan set Pro", 1, "The name of a plan is 1 to 64"},
		{"plan set pro -month many", 1, `-month: "many" is not a whole number`},
		{"plan set pro -day=-1", 1, `-day: "-1" is not a whole number`},
		{"plan set pro -in-flight 0", 1, "positive whole number"},
		{"plan set pro -rates root", 1, `-rates: "root" is not like root=10/s`},
		{"plan set pro -rates root=0/s", 1, `-rates: "root=0/s" is not like root=10/s`},
		{"plan set pro -rates root=1/s:x", 1, `-rates: "root=1/s:x" is not like root=10/s, or root=10/s:20 with a burst`},
		{"plan set pro -rates root=1/s:0", 1, `-rates: "root=1/s:0" is not like`},
		{"plan delete free", 1, `there is no plan "free"`},
		{"plan delete default", 1, "cannot be deleted"},
		{"admin edit ada", 1, "nothing to change"},
		{"admin edit ada -plan free", 1, `there is no plan "free"`},
		{"admin edit bob -plan pro", 1, `there is no user "bob"`},
		{"admin edit ada -roles admin", 1, "makes an administrator"},
		{"admin edit Ada --plan pro --roles b,a", 0, "ada (user id 1) has the plan pro and the roles a,b.\n"},
		{"plan delete pro", 1, `a user or an open invitation has the plan "pro"`},
		{"admin edit ada --plan default", 0, "has the plan default and the roles a,b.\n"},
		{"admin edit ada --roles=", 0, "has the plan default and no roles.\n"},
		{"plan delete pro", 0, "The plan pro is deleted.\n"},
	} {
		code, out, told := runWords(t, vars, strings.Fields(step.words)...)
		if code != step.code || !strings.Contains(out+told, step.says) {
			t.Errorf("%s: got %d %s%s, want %d %s", step.words, code, out, told, step.code, step.says)
		}
	}
}

func TestImportTakesPlansAndRoles(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	if code, _, told := runWords(t, vars, "plan", "set", "pro"); code != 0 {
		t.Fatal(told)
	}
	const hash = bcryptOf123456
	code, out, told := runImport(t, vars, "ada "+hash+" plan=pro roles=ops,analyst\nbob "+hash+" roles=admin,ops\neve "+hash+" plan=free\n")
	if code != 1 || !strings.HasPrefix(out, "2 users imported") || !strings.Contains(told, `line 3: there is no plan "free"`) {
		t.Errorf("got %d %s%s", code, out, told)
	}
	for words, says := range map[string]string{
		"admin edit ada -plan pro":     "ada (user id 1) has the plan pro and the roles analyst,ops.",
		"admin edit bob -plan default": "bob (user id 2) has the plan default and the roles ops.",
		"admin revoke bob":             "bob (user id 2) is no administrator.",
	} {
		if code, out, told := runWords(t, vars, strings.Fields(words)...); code != 0 || !strings.Contains(out, says) {
			t.Errorf("%s: got %d %s%s", words, code, out, told)
		}
	}
}
