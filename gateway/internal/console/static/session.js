// A session at the gateway: signing in, calls with the access token, and a new token before the old one ends.
//
// Upstreams behind the gateway have the same origin, and their scripts could read any storage and any global variable. So the
// tokens are in the scope of one call of newSession, and end with the page. Each tab has a session of its own.

// Refused is a response that is an error.
export class Refused extends Error {
  constructor(response, { message, type }) {
    super(message || `The gateway responded with status ${response.status}.`);
    this.status = response.status;
    this.kind = (type ?? "about:blank").split(/[:/]/).pop(); // the name of the problem type
    this.typed = this.kind !== "blank";
    const seconds = Number(response.headers.get("Retry-After"));
    if (response.status === 429 && seconds > 0) this.message += ` Try again in ${seconds} s.`;
  }
}

// Unreachable is a call without a response.
export class Unreachable extends Error {
  constructor() {
    super("The gateway cannot be reached. Check your connection.");
  }
}

async function request(url, options) {
  try {
    return await fetch(url, options);
  } catch (err) {
    if (err.name === "AbortError") throw err;
    throw new Unreachable();
  }
}

async function read(response) {
  const text = await response.text();
  let json = {};
  if (text && response.headers.get("Content-Type")?.includes("json")) {
    try {
      json = JSON.parse(text);
    } catch { /* a body that broke off: the status says what happened */ }
  }
  if (!response.ok) throw new Refused(response, json);
  return json;
}

// newSession makes calls below base. ended is called when the session has ended without a sign-out.
export function newSession(base, ended) {
  let tokens = null;
  let renewing = null;

  const send = async (method, path, body, token, fields = {}) => {
    const headers = { ...fields };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    return request(base + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  };

  // renew gets a new pair of tokens. Calls that need it at the same time share one request: a refresh token is good once.
  const renew = () => {
    renewing ??= send("POST", "/token/refresh", { refresh_token: tokens.refresh_token }).then(read).then((pair) => {
      if (tokens) tokens = pair;
    }).catch((err) => {
      // A gateway that is busy, or away, has not said anything about the session.
      if (tokens && [400, 401, 403, 422].includes(err.status)) {
        tokens = null;
        ended();
      }
      throw err;
    }).finally(() => { renewing = null; });
    return renewing;
  };

  // withToken makes a call, and once more with a new token if the token was refused. A 401 with a problem type is not about the token.
  const withToken = async (attempt) => {
    if (!tokens) throw new Error("Sign in first.");
    const used = tokens.token;
    const response = await attempt(used);
    if (response.status !== 401 || response.headers.get("Content-Type")?.includes("problem")) return response;
    if (tokens?.token === used) await renew();
    if (!tokens) return response;
    return attempt(tokens.token);
  };

  return {
    get signedIn() { return tokens !== null; },
    // ask makes a call without a token.
    ask: async (method, path, body) => read(await send(method, path, body)),
    // call makes a call as the user who is signed in, and returns the JSON of its response. fields are further header fields.
    call: async (method, path, body, fields) => read(await withToken((token) => send(method, path, body, token, fields))),
    // tagged reads a state, and its entity tag for If-Match.
    tagged: async (path) => {
      const response = await withToken((token) => send("GET", path, undefined, token));
      return { state: await read(response), tag: response.headers.get("ETag") };
    },
    // fetch makes any call as the user who is signed in, and returns the response, whatever its status. url is one of this origin.
    fetch: (url, { headers, ...options } = {}) =>
      withToken((token) => request(url, { ...options, headers: { ...headers, Authorization: `Bearer ${token}` } })),
    signIn: async (body) => {
      tokens = await read(await send("POST", "/token", body));
    },
    // signOut ends the session, or throws and lets the user try again.
    signOut: async () => {
      const response = await withToken((token) => send("POST", "/logout", undefined, token)).catch((err) => {
        if (tokens) throw err;
      });
      if (response && !response.ok && response.status !== 401) await read(response);
      tokens = null;
    },
    // forget drops the tokens of a session that has ended elsewhere.
    forget: () => { tokens = null; },
    // abandon ends the session with the page. Nobody waits for the response.
    abandon: () => {
      if (!tokens) return;
      fetch(`${base}/logout`, { method: "POST", headers: { Authorization: `Bearer ${tokens.token}` }, keepalive: true }).catch(() => {});
      tokens = null;
    },
  };
}
