// Package report tells auth-service every 5 seconds what state the gateway is in: its connections, what it has not delivered, what is
// wrong, and how its upstreams are. Administrators see the last report of each gateway in GET /admin/system;
// docs/adr/0036-what-admin-system-says.md says why.
//
// A report is the whole state, so one that is lost is made up for by the next. The package keeps one minute of the counts of calls, and
// refuses to know how the gateway's parts come to their figures: main gathers them.
package report
