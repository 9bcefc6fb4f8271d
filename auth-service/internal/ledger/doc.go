// Package ledger owns the tally: what each user called, hour by hour, and what they may still call this month.
//
// It refuses to know who a user is and what a call did: batches come from gateways, ids and route names mean nothing to
// it. No gin, gorm or net/http; what it needs of a database it declares in Store.
//
// # How the numbers are kept
//
// Gateways deliver batches. Each has an instance and a sequence number, and is added exactly once, in one transaction
// with the note that it was. Calls are kept by hour. Two hours past a day's end its hours are summed into the day
// (Marks.Rolled): reports read whole days, so that a year costs 365 rows a route and not 8,760. Hours stay for reports by
// hour until they are old (Marks.Pruned). A rolled day is added to its month as well, for what is asked of all users: a
// million users' month is thirty million days. What arrives late is added to all of them, so totals never change.
//
// # Quotas
//
// A call under a quota is used (in the ledger), or reserved (leased by a gateway that may have made it), or free; used +
// reserved never exceeds the limit. A delivered batch moves calls from reserved to used in the transaction that adds it.
// What a dead gateway had reserved comes back when all that it counted is delivered, or when the lease is over.
package ledger
