package account

import (
	"context"
	"errors"
	"sync"

	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/password"
)

// registering are the names that are being registered in this process. Of many registrations of one name, one takes a place,
// asks the database and hashes a password. The others wait for its end and get the same user.
type registering struct {
	mu    sync.Mutex
	names map[string]*registration
}

// registration is one under way.
type registration struct {
	ended chan struct{} // closed at the end
	user  User          // set before that, and so is err
	err   error
}

// alone runs do, unless another registration of the name is under way. Then it waits for the end of that one, and returns
// its user as one who was there already. If that one has failed, it runs do all the same, unless everybody would fail so.
func (r *registering) alone(ctx context.Context, name string, do func() (User, bool, error)) (user User, created bool, err error) {
	mine := &registration{ended: make(chan struct{}), err: ErrNameTaken} // err if do panics
	for other := r.begin(name, mine); other != nil; other = r.begin(name, mine) {
		select {
		case <-other.ended:
		case <-ctx.Done():
			return User{}, false, ctx.Err()
		}
		switch {
		case other.err == nil, errors.Is(other.err, fault.ErrUnavailable):
			return other.user, false, other.err
		case errors.Is(other.err, password.ErrBusy): // perhaps only for its address: nobody waits for that twice
			return do()
		}
	}
	defer r.end(name, mine)
	mine.user, created, mine.err = do()
	return mine.user, created, mine.err
}

// begin returns the registration of the name that is under way, if there is one.
func (r *registering) begin(name string, mine *registration) (other *registration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if other = r.names[name]; other == nil {
		r.names[name] = mine
	}
	return other
}

func (r *registering) end(name string, mine *registration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.names, name)
	close(mine.ended)
}
