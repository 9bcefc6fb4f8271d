// Package turn lets callers wait for their turn before they take something scarce, such as a connection to the database.
//
// A caller that waits in a line holds nothing but its place in it, so those who want the same thing delay each other and
// nobody else. It refuses to know what the turns are for.
package turn
