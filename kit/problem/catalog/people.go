package catalog

// signIn are problems with who somebody is.
func signIn() []Entry {
	return []Entry{
		{Name: "invitation-not-valid", Statuses: []int{403}, Title: "There is no valid invitation", Cause: "The invitation is missing where one is needed; or it is unknown, used, withdrawn, expired or for another name. The response does not say which.", Cure: "Check that it was copied whole and that the user name is the one that it is for. Otherwise ask an administrator for a new one."},
		{Name: "otp-key-lost", Statuses: []int{401}, Title: "Codes of the app cannot be checked", Cause: "INTERNAL_SECRET was replaced without a rotation.", Cure: "Send a recovery code as otp, or have an administrator turn the second factor off."},
		{Name: "otp-not-valid", Statuses: []int{401}, Title: "The one-time code is not valid", Cause: "The code is wrong, too old, or was used before.", Cure: "Wait for the app's next code; check the phone's clock."},
		{Name: "otp-required", Statuses: []int{401}, Title: "A one-time code is required", Cause: "The password is right, and the account has a second factor.", Cure: "Send the same request again, with the code of the app or a recovery code as otp."},
		{Name: "password-change-required", Statuses: []int{403}, Title: "The password has to be changed", Cause: "The password is right, and an administrator wants it changed.", Cure: "Send the same request again, with another password as new_password."},
		{Name: "registration-closed", Statuses: []int{403}, Title: "Registration is closed", Cause: "REGISTRATION=closed: only administrators make accounts.", Cure: "Ask an administrator for an account."},
		{Name: "reset-not-valid", Statuses: []int{403}, Title: "The reset token is not valid", Cause: "The reset token was used, is expired, unknown or not the newest, the password was changed otherwise since, or the user is disabled or deleted. The response does not say which.", Cure: "Ask an administrator for another one."},
		{Name: "token-not-valid", Statuses: []int{401}, Title: "The token is not valid", Cause: `The token or API key is missing, malformed, expired or revoked. The body is {"message":"Token is not valid"}, without a type; the field WWW-Authenticate says "expired" if that is all that is wrong.`, Cure: "Get new tokens with POST /token/refresh. If that is refused as well, sign in again."},
		{Name: "wrong-credentials", Statuses: []int{401}, Title: "The user name or the password is wrong", Cause: "There is no such user, the password is wrong, or the account is disabled. The response does not say which.", Cure: "Check both. An administrator can make a link to set a new password."},
	}
}

// rights are problems with what somebody may do.
func rights() []Entry {
	return []Entry{
		{Name: "key-not-allowed", Statuses: []int{403}, Title: "An API key cannot do this", Cause: "The call came with an API key, or with a token that stands for one. Keys cannot manage an account.", Cure: "Sign in with the password and call with that token."},
		{Name: "not-admin", Statuses: []int{403}, Title: "Only administrators may do this", Cause: "The caller does not have the role admin.", Cure: "Ask an administrator to do it, or to give you the role."},
		{Name: "otp-mandatory", Statuses: []int{403}, Title: "The second factor cannot be turned off", Cause: "ADMIN_TOTP=required: administrators need a second factor.", Cure: "Replace it with POST /users/me/totp."},
		{Name: "otp-setup-required", Statuses: []int{403}, Title: "A second factor has to be set up first", Cause: "ADMIN_TOTP=required, and this administrator has no second factor.", Cure: "POST and PUT /users/me/totp, then call again."},
		{Name: "role-missing", Statuses: []int{403}, Title: "You have none of the roles of this path", Cause: "The route asks for a role that the caller does not have.", Cure: "Ask an administrator for one of the roles of the route."},
		{Name: "route-not-allowed", Statuses: []int{403}, Title: "The API key is not good for this path", Cause: "The key is limited to some routes, and this is none of them.", Cure: "The key's owner adds the route to the key, or takes another key."},
		{Name: "no-such-key", Statuses: []int{404}, Title: "There is no such API key", Cause: "The account has no key with this id, or it was revoked.", Cure: "GET /users/me/keys has the ids."},
		{Name: "no-such-session", Statuses: []int{404}, Title: "There is no such session", Cause: "The account has no session with this id, or it has ended.", Cure: "GET /users/me/sessions has the ids."},
		{Name: "no-totp", Statuses: []int{404}, Title: "The second factor is off", Cause: "The call changes a second factor, and the account has none.", Cure: "Set one up with POST and PUT /users/me/totp."},
		{Name: "too-many-keys", Statuses: []int{409}, Title: "The account has as many keys as it may have", Cause: "There are KEYS_PER_USER keys, expired ones included.", Cure: "Revoke one first."},
		{Name: "totp-not-begun", Statuses: []int{409}, Title: "There is no secret to confirm", Cause: "POST /users/me/totp was not called, or more than an hour ago.", Cure: "Call POST /users/me/totp, and confirm with a code for the new secret."},
	}
}

// administration are problems that administrators get.
func administration() []Entry {
	return []Entry{
		{Name: "changed-meanwhile", Statuses: []int{412}, Title: "Somebody has changed it meanwhile", Cause: "The request has If-Match or If-None-Match, and what it would change is not in the state that the field says: somebody changed, made or deleted it. Nothing was done.", Cure: "Read it again, decide anew, and send the new ETag in If-Match."},
		{Name: "default-plan", Statuses: []int{409}, Title: "The plan default cannot be deleted", Cause: "Users who were given no plan have it.", Cure: "Change its limits with PUT /admin/plans/default instead."},
		{Name: "invitation-used", Statuses: []int{409}, Title: "The invitation is used", Cause: "Somebody has registered with it.", Cure: "Disable or delete the user instead."},
		{Name: "name-taken", Statuses: []int{409}, Title: "Another user has this name", Cause: "An administrator makes a user with a name that somebody has.", Cure: "Take another name, or reset the password of the user who is there."},
		{Name: "no-such-invitation", Statuses: []int{404}, Title: "There is no such invitation", Cause: "No invitation has this id, or it was withdrawn before.", Cure: "GET /admin/invitations has the ids."},
		{Name: "no-such-plan", Statuses: []int{404}, Title: "There is no such plan", Cause: "No plan has this name.", Cure: "GET /admin/plans has the names."},
		{Name: "no-such-user", Statuses: []int{404}, Title: "There is no such user", Cause: "No user has this id, or the user was deleted.", Cure: "GET /admin/users has the ids."},
		{Name: "own-account", Statuses: []int{409}, Title: "Administrators cannot do this to their own account", Cause: "It would lock the administrator out.", Cure: "Another administrator does it; or use the calls below /users/me."},
		{Name: "plan-in-use", Statuses: []int{409}, Title: "Somebody has the plan", Cause: "A user or an open invitation has the plan that is to be deleted.", Cure: "Give the users another plan and withdraw the invitations first."},
		{Name: "too-many-invitations", Statuses: []int{409}, Title: "Too many invitations are open", Cause: "10,000 invitations are open.", Cure: "Withdraw some, or let the next ones expire earlier."},
		{Name: "too-many-plans", Statuses: []int{409}, Title: "There are too many plans", Cause: "There are 10,000 plans, or they have too many rates together.", Cure: "Delete plans that nobody has."},
	}
}
