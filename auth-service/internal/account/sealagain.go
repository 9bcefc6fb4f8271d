package account

import "context"

// sealBatch is how many secrets are read at once.
const sealBatch = 500

// SealAgain seals with the newest key all secrets that an older one has sealed. Any replica may do it at any time. lost are
// those that no key opens. Errors: fault.ErrUnavailable.
func (s *Service) SealAgain(ctx context.Context) (lost int, err error) {
	newest := s.cfg.FactorKeys.Newest()
	for after := int64(0); ; {
		batch, err := s.cfg.Store.SealedFactors(ctx, newest, after, sealBatch)
		if err != nil || len(batch) == 0 {
			return lost, err
		}
		for _, one := range batch {
			after = one.UserID
			secret, err := s.cfg.FactorKeys.open(one.UserID, one.Sealed)
			if err != nil {
				lost++
				continue
			}
			sealed, err := s.cfg.FactorKeys.seal(one.UserID, secret, s.cfg.Random)
			if err != nil {
				return lost, err
			}
			if err := s.cfg.Store.ReplaceSealed(ctx, one, sealed); err != nil {
				return lost, err
			}
		}
	}
}
