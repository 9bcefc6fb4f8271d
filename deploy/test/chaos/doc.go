// Package chaos kills Tallygate's processes under load and checks afterwards that the responses to clients were true: every
// call with a response is counted once, every acknowledged change of an account is there, and no quota is overrun.
//
// It knows the product from outside only: its calls, its processes, and the folder where counts wait. `make chaos` runs
// it. CHAOS_DURATION (30s) is how long the random kills go on. CHAOS_SEED repeats a run's choices.
package chaos
