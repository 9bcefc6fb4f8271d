package repository_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// sources are the Go files of a module, by package folder.
type sources struct {
	t     *testing.T
	files []source
	found map[string][]int // the names of problems, and the statuses that stand beside them
	busy  map[string]bool  // the parameters that are being followed
}

// source is one file.
type source struct {
	*ast.File

	folder string
}

// readProblems returns the names of all problems that the sources in a folder make.
func readProblems(t *testing.T, folder string) map[string][]int {
	t.Helper()
	s := &sources{t: t, found: map[string][]int{}, busy: map[string]bool{}}
	set := token.NewFileSet()
	for _, name := range goFiles(t, folder) {
		if strings.HasPrefix(path.Base(path.Dir(name)), "internalapitest") {
			continue
		}
		file, err := parser.ParseFile(set, filepath.Join(testbed.Root(), name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		s.files = append(s.files, source{file, path.Dir(name)})
	}
	for _, file := range s.files {
		for _, decl := range file.Decls {
			ast.Inspect(decl, func(n ast.Node) bool { s.look(file, decl, n); return true })
		}
	}
	return s.found
}

// look adds the problem that a node makes.
func (s *sources) look(file source, decl ast.Decl, n ast.Node) {
	switch n := n.(type) {
	case *ast.CallExpr:
		name := calledName(n)
		inProblem := file.Name.Name == "problem"
		switch {
		case name == "problem.New", inProblem && name == "New":
			s.add(s.values(file, decl, n.Args[1]), status(n.Args[0]))
		case name == "problem.TooMany":
			s.add(s.values(file, decl, n.Args[0]), http.StatusTooManyRequests)
		}
	case *ast.CompositeLit:
		s.literal(file, decl, n)
	}
}

// literal adds the problems of a composite literal: a wire.MessageError, or the rows of a table with a field slug.
func (s *sources) literal(file source, decl ast.Decl, n *ast.CompositeLit) {
	if list, isList := n.Type.(*ast.ArrayType); isList {
		if at := slugField(list.Elt); at >= 0 {
			for _, row := range n.Elts {
				s.add(s.values(file, decl, row.(*ast.CompositeLit).Elts[at]), 0)
			}
		}
		return
	}
	switch kind := text(n.Type); kind {
	case "MessageError", "wire.MessageError":
		if len(n.Elts) != 3 {
			s.t.Errorf("a MessageError has %d members", len(n.Elts))
			return
		}
		s.add(s.values(file, decl, member(n.Elts[1])), status(member(n.Elts[0])))
	case "InvalidError", "invalidError":
		for _, value := range s.values(file, decl, member(n.Elts[0])) {
			s.add([]string{"invalid-" + value}, http.StatusUnprocessableEntity)
		}
	}
}

func (s *sources) add(names []string, status int) {
	for _, name := range names {
		s.found[name] = append(s.found[name], 0)[:len(s.found[name])]
		if status != 0 {
			s.found[name] = append(s.found[name], status)
		}
	}
}

// values are the texts that an expression can have. A member slug or field of a value that was made elsewhere has none: the place
// where it is made is read.
func (s *sources) values(file source, decl ast.Decl, e ast.Expr) []string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if value, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return []string{value}
		}
	case *ast.BinaryExpr:
		var joined []string
		for _, left := range s.values(file, decl, e.X) {
			for _, right := range s.values(file, decl, e.Y) {
				joined = append(joined, left+right)
			}
		}
		return joined
	case *ast.SelectorExpr:
		switch e.Sel.Name {
		case "Slug", "slug", "Field", "field":
			return nil
		}
	case *ast.Ident:
		return s.variable(file, decl, e.Name)
	}
	s.t.Errorf("%s %s: the name of a problem is made in a way that this test cannot read: %s %T", file.folder, declName(decl), text(e), e)
	return nil
}

// variable are the values of a variable of a function: what is assigned to it, the keys of a map that it ranges over, and what
// callers pass if it is a parameter.
func (s *sources) variable(file source, decl ast.Decl, name string) []string {
	var values []string
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if text(left) == name && len(n.Rhs) == len(n.Lhs) {
					values = append(values, s.values(file, decl, n.Rhs[i])...)
				}
				if closure, ok := n.Rhs[0].(*ast.FuncLit); ok {
					if at := parameter(closure.Type, name); at >= 0 {
						values = append(values, s.passed(file, text(left), false, at)...)
					}
				}
			}
		case *ast.RangeStmt:
			if over, ok := n.X.(*ast.CompositeLit); ok && text(n.Key) == name {
				for _, element := range over.Elts {
					values = append(values, s.values(file, decl, element.(*ast.KeyValueExpr).Key)...)
				}
			}
		case *ast.FuncDecl:
			if at := parameter(n.Type, name); at >= 0 {
				values = append(values, s.passed(file, n.Name.Name, n.Recv != nil, at)...)
			}
		}
		return true
	})
	return values
}

// passed are the values that callers pass to a function that a file declares. They are in the same package, or name it.
func (s *sources) passed(declared source, function string, method bool, at int) []string {
	key := declared.folder + " " + function + " " + strconv.Itoa(at)
	if s.busy[key] {
		return nil
	}
	s.busy[key] = true
	defer delete(s.busy, key)
	var values []string
	for _, file := range s.files {
		for _, decl := range file.Decls {
			ast.Inspect(decl, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok || at >= len(call.Args) {
					return true
				}
				called := calledName(call)
				own := file.folder == declared.folder && (!method && called == function || method && strings.HasSuffix(called, "."+function))
				if own || called == declared.Name.Name+"."+function {
					values = append(values, s.values(file, decl, call.Args[at])...)
				}
				return true
			})
		}
	}
	return values
}

// parameter is the place of a parameter in a function's list, -1 if it has none of the name.
func parameter(f *ast.FuncType, name string) int {
	at := 0
	for _, group := range f.Params.List {
		for _, one := range group.Names {
			if one.Name == name {
				return at
			}
			at++
		}
	}
	return -1
}

// slugField is the place of the member slug in a struct type, -1 if it is none or has none.
func slugField(e ast.Expr) int {
	if of, ok := e.(*ast.StructType); ok {
		return parameter(&ast.FuncType{Params: of.Fields}, "slug")
	}
	return -1
}

func member(e ast.Expr) ast.Expr {
	if pair, ok := e.(*ast.KeyValueExpr); ok {
		return pair.Value
	}
	return e
}

func calledName(call *ast.CallExpr) string { return text(call.Fun) }

// text is a name, like New or problem.New.
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return text(e.X) + "." + e.Sel.Name
	}
	return ""
}

// status is the number of a status, 0 if it is not known here.
func status(e ast.Expr) int {
	if number, ok := e.(*ast.BasicLit); ok {
		if value, err := strconv.Atoi(number.Value); err == nil {
			return value
		}
	}
	name := strings.TrimPrefix(text(e), "http.Status")
	for code := range 600 {
		if words := http.StatusText(code); words != "" && strings.NewReplacer(" ", "", "-", "", "'", "").Replace(words) == name {
			return code
		}
	}
	return 0
}

func declName(decl ast.Decl) string {
	if f, ok := decl.(*ast.FuncDecl); ok {
		return f.Name.Name
	}
	return "a declaration"
}
