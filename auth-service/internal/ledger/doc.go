// Package ledger keeps the usage of each user, hour by hour, and decides how many calls they have left this month.
//
// It refuses to know who a user is and what a call did. Batches come from gateways; ids and route names mean nothing to
// it. No gin, gorm or net/http: it declares what it needs of a database in Store.
//
// # How the numbers are kept
//
// Gateways deliver batches. A batch has the name of its gateway and a sequence number. It is added exactly once: one
// transaction adds its rows and records that it did. Calls are kept by hour. Two hours after the end of a day its hours
// are summed into the day (Marks.Rolled). Reports read whole days, so that a year costs 365 rows per route, not 8,760.
// Hours are kept for reports by hour until they are old (Marks.Pruned). A rolled day is also added to its month, for
// reports about all users: a month of a million users would be thirty million days. Late rows are added to hours, days and
// months alike, so that all reports agree.
//
// What was called with an API key is kept a second time, by key, in the same way and in the same transaction. The rest of a
// total was called without a key. So the sum over the keys and the rest is the total, by construction.
//
// # Quotas
//
// A call under a quota is used (in the ledger), reserved (leased by a gateway that may have made it) or free. Used plus
// reserved never exceeds the quota. The transaction that adds a batch moves its calls from reserved to used. Calls that a
// dead gateway had reserved become free when everything that it counted is delivered, or when the lease expires.
package ledger
