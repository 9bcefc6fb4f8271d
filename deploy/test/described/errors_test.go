package described_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// operation is an operation of the description.
type operation struct {
	*openapi3.Operation

	method, path string
}

func (d *driver) operations() []operation {
	var all []operation
	for _, path := range d.doc.Paths.InMatchingOrder() {
		for method, op := range d.doc.Paths.Value(path).Operations() {
			all = append(all, operation{op, method, path})
		}
	}
	slices.SortFunc(all, func(a, b operation) int { return strings.Compare(a.OperationID, b.OperationID) })
	return all
}

// filled is the path with things in it that are not there.
func (o operation) filled() string {
	return strings.NewReplacer("{id}", "999999", "{key_id}", "999999", "{name}", "nowhere").Replace(o.path)
}

func (o operation) has(status int) bool { return o.Responses.Status(status) != nil }

func (o operation) needsToken() bool {
	return o.Security != nil && slices.ContainsFunc(*o.Security, func(s openapi3.SecurityRequirement) bool { _, ok := s["token"]; return ok })
}

func (o operation) takes(media string) bool {
	return o.RequestBody != nil && o.RequestBody.Value.Content[media] != nil
}

// refusals drives every operation with requests that it refuses for their form, or for who makes them.
func (d *driver) refusals(t *testing.T, root string) {
	t.Helper()
	user := d.register(t, "mallory").Token
	var key struct{ Key string }
	d.call(t, user, "POST", "/users/me/keys", members{"name": "leaked"}, 201).read(t, &key)
	for _, op := range d.operations() {
		at := op.filled()
		d.raw(t, op.method, at, "No colon\r\n", 400)
		d.raw(t, op.method, at, "X-Long: "+strings.Repeat("a", 1<<20)+"\r\n", 431)
		d.raw(t, op.method, at+"?tail="+strings.Repeat("a", 1<<16), "", 414)
		if op.needsToken() {
			d.call(t, "wrong", op.method, at, nil, 401)
			if op.has(403) && strings.HasPrefix(at, "/admin") {
				d.call(t, user, op.method, at, nil, 403)
			} else if op.has(403) && op.OperationID != "readUsage" {
				d.call(t, key.Key, op.method, at, nil, 403)
			}
		}
		if op.takes("application/json") {
			d.bodies(t, root, op)
		}
		d.parameters(t, root, op)
	}
	d.call(t, key.Key, "GET", "/users/me/usage?key=999999", nil, 403)
}

// bodies sends bodies that are not as described.
func (d *driver) bodies(t *testing.T, root string, op operation) {
	t.Helper()
	at := op.filled()
	if strings.Contains(op.path, "/keys/{key_id}") { // a key that is not there is 404, whatever the body is
		var key struct {
			ID string `json:"key_id"`
		}
		d.call(t, root, "POST", "/users/me/keys", members{"name": "for bodies"}, 201).read(t, &key)
		at = strings.Replace(op.path, "{key_id}", key.ID, 1)
		defer d.call(t, root, "DELETE", "/users/me/keys/"+key.ID, nil, 204)
	}
	d.call(t, root, op.method, at, `{`, 400)
	d.call(t, root, op.method, at, `[]`, 400)
	d.call(t, root, op.method, at, `{"not_known":1}`, 422)
	d.call(t, root, op.method, at, `{"a":"`+strings.Repeat("a", 1<<16)+`"}`, 413)
	d.send(t, http.Header{"Authorization": {root}, "Content-Type": {"text/plain"}}, op.method, at, "text", 415)
}

// parameters sends parameters that are not as described.
func (d *driver) parameters(t *testing.T, root string, op operation) {
	t.Helper()
	if strings.Contains(op.path, "{id}") && op.has(422) {
		d.call(t, root, op.method, strings.Replace(strings.Replace(op.path, "{id}", "007", 1), "{key_id}", "1", 1), nil, 422)
	}
	for _, p := range op.Parameters {
		if p.Value.In != "query" || !op.has(422) {
			continue
		}
		d.call(t, root, op.method, op.filled()+"?"+url.Values{p.Value.Name: {"\x00", "\x00"}}.Encode(), nil, 422)
		if op.OperationID != "computeRoot" {
			d.call(t, root, op.method, op.filled()+"?"+p.Value.Name+"=%zz", nil, 400)
		}
	}
}

// conflicts drives what depends on the state: what is not there, and what cannot be done.
func (d *driver) conflicts(t *testing.T, root string) {
	t.Helper()
	for _, op := range d.operations() {
		if op.has(404) && op.needsToken() && !strings.HasPrefix(op.path, "/users/me/totp") {
			var body any
			if op.takes("application/json") {
				body = members{}
			}
			d.call(t, root, op.method, op.filled(), body, 404)
		}
	}
	var me struct {
		ID int64 `json:"user_id"`
	}
	d.call(t, root, "GET", "/users/me", nil, 200).read(t, &me)
	at := "/admin/users/" + strconv.FormatInt(me.ID, 10)
	d.call(t, root, "PATCH", at, members{"disabled": true}, 409)
	d.call(t, root, "DELETE", at, nil, 409)
	d.call(t, root, "DELETE", at+"/totp", nil, 409)
	d.call(t, root, "DELETE", "/admin/plans/default", nil, 409)
	keys := d.register(t, "heidi").Token
	d.call(t, keys, "POST", "/users/me/keys", members{"name": "one"}, 201)
	d.call(t, keys, "POST", "/users/me/keys", members{"name": "two"}, 201)
	d.call(t, keys, "POST", "/users/me/keys", members{"name": "three"}, 409)
	d.call(t, "", "POST", "/token/refresh", members{"refresh_token": "x"}, 401)
	d.call(t, "", "POST", "/users/password", members{"reset_token": "x", "new_password": password}, 403)
	for _, one := range []struct{ method, path string }{{"PUT", "/users/me/password"}, {"DELETE", "/users/me"}} {
		body := members{"password": "wrong"}
		if one.method == "PUT" {
			body = members{"current_password": "wrong", "new_password": password}
		}
		d.call(t, keys, one.method, one.path, body, 401)
	}
	d.introspection(t)
	for range 2 {
		d.call(t, "", "POST", "/token", members{"username": "victim", "password": "wrong"}, 401)
	}
	d.call(t, "", "POST", "/token", members{"username": "victim", "password": "wrong"}, 429)
}

// introspection drives the call of services, whose body is a form.
func (d *driver) introspection(t *testing.T) {
	t.Helper()
	good := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": {"Bearer " + introspectionSecret}}
	with := func(name, value string) http.Header {
		header := maps.Clone(good)
		header[name] = []string{value}
		return header
	}
	const at = "/token/introspect"
	d.send(t, with("Authorization", "Bearer wrong"), "POST", at, "token=x", 401)
	d.send(t, with("Content-Type", "text/plain"), "POST", at, "token=x", 415)
	d.send(t, good, "POST", at, "token=%zz", 400)
	d.send(t, good, "POST", at, "a=b", 422)
	d.send(t, good, "POST", at, "token="+strings.Repeat("a", 1<<17), 413)
	d.send(t, good, "POST", at, "token=x", 200)
}
