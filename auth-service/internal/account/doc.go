// Package account owns users and their sessions: registration, sign-in, refresh, sign-out, changes of an account, and
// what an administrator may do to it.
//
// It refuses to know how it is called and where it is kept: no gin, gorm or net/http. What it needs of a database it
// declares in Store.
package account
