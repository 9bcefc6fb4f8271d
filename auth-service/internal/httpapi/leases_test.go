package httpapi_test

import "tallygate/kit/internalapi/internalapitest"

// scopedLeases ask for units of something else than a month, or name it badly.
func scopedLeases(api *internalapitest.Contract) (steps []internalStep) {
	for _, row := range []struct {
		members internalapitest.Members
		status  int
	}{
		{internalapitest.Members{"day": "2026-11-24", "least": 2}, 200},
		{internalapitest.Members{"key_month": "2026-11", "key_id": "4611686018427387904"}, 200},
		{nil, 422},
		{internalapitest.Members{"key_month": "2026-11"}, 422},
		{internalapitest.Members{"key_month": "2026-11", "key_id": "-1"}, 422},
		{internalapitest.Members{"month": "2026-11", "key_id": "1"}, 422},
		{internalapitest.Members{"day": "2026-11-24", "key_month": "2026-11", "key_id": "1"}, 422},
		{internalapitest.Members{"month": "2026-11", "day": "2026-11-24"}, 422},
		{internalapitest.Members{"day": "2026-11"}, 422},
		{internalapitest.Members{"day": "2026-11-26"}, 422},
		{internalapitest.Members{"month": "2026-11", "want": 5, "least": 6}, 422},
		{internalapitest.Members{"month": "2026-11", "least": -1}, 422},
	} {
		example := api.RequestExample("leaseCalls")
		delete(example, "month")
		example["user_id"] = 1
		steps = append(steps, internalStep{call{method: "POST", path: "/internal/quota/leases", body: with(example, row.members)}, row.status})
	}
	return steps
}
