// The demo's identity provider: oidc-provider with the demo's people. Loopback only, everything in memory.
// It signs in whoever types a listed login name; the password is not looked at. Never use it outside a demo.
//
// usage: node provider.mjs CONFIG.json
// CONFIG: { port, client: { id, secret, redirect_uri, post_logout_redirect_uri }, people: [{ sub, name, email }] }
// Prints one line "listening ISSUER" when it can be used.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";

import { Provider } from "oidc-provider";

// An IP address, not "localhost": the application sends HSTS for localhost, and HSTS covers every port of a name.
const HOST = "127.0.0.1";

const config = JSON.parse(readFileSync(process.argv[2], "utf8"));
const issuer = `http://${HOST}:${config.port}`;
const people = new Map(config.people.map((person) => [person.sub, person]));

function findAccount(_ctx, sub) {
  const person = people.get(sub);
  return person && {
    accountId: sub,
    claims: () => ({ sub, name: person.name, email: person.email, email_verified: true }),
  };
}

/** There is one client and it is the application itself: no consent page, only the scopes it asked for. */
async function loadExistingGrant(ctx) {
  const grant = new ctx.oidc.provider.Grant({
    accountId: ctx.oidc.session.accountId,
    clientId: ctx.oidc.client.clientId,
  });
  grant.addOIDCScope("openid profile email");
  await grant.save();
  return grant;
}

function signingKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), alg: "RS256", use: "sig", kid: randomBytes(8).toString("hex") };
}

const minutes = 60;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: config.client.id,
      client_secret: config.client.secret,
      redirect_uris: [config.client.redirect_uri],
      post_logout_redirect_uris: [config.client.post_logout_redirect_uri],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      id_token_signed_response_alg: "RS256",
      require_auth_time: true,
    },
  ],
  findAccount,
  loadExistingGrant,
  claims: { openid: ["sub"], profile: ["name"], email: ["email", "email_verified"] },
  // name and email travel in the ID token, so that the application needs no second request
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  jwks: { keys: [signingKey()] },
  cookies: { keys: [randomBytes(32).toString("hex")] },
  ttl: {
    AccessToken: 10 * minutes, AuthorizationCode: minutes, Grant: 10 * minutes, IdToken: 10 * minutes,
    Interaction: 10 * minutes, Session: 10 * minutes,
  },
});

// The package's sign-in page asks a third party for a font; nothing here may leave this machine.
const csp = [
  "default-src 'none'", "style-src 'unsafe-inline'", "base-uri 'none'", "frame-ancestors 'none'",
  `form-action 'self' ${new URL(config.client.redirect_uri).origin}`,
].join("; ");
provider.use(async (ctx, next) => {
  ctx.set("content-security-policy", csp);
  ctx.set("referrer-policy", "no-referrer");
  await next();
});

// Several demo people share one browser: nobody is remembered from one sign-in to the next.
provider.use(async (ctx, next) => {
  if (ctx.path === "/auth" || ctx.path.startsWith("/auth/")) {
    const cookies = (ctx.req.headers.cookie ?? "").split(/; */);
    ctx.req.headers.cookie = cookies.filter((cookie) => !cookie.startsWith("_session")).join("; ");
  }
  await next();
});

// The package's sign-in page takes any name: send back who is not listed, as a provider does that refuses somebody.
provider.use(async (ctx, next) => {
  if (ctx.method === "POST" && ctx.path.startsWith("/interaction/")) {
    ctx.req.body = Object.fromEntries(new URLSearchParams(await text(ctx.req)));
    if (!people.has(ctx.req.body.login)) {
      const refusal = { error: "access_denied", error_description: "no such login name in this demo" };
      ctx.respond = false;
      return provider.interactionFinished(ctx.req, ctx.res, refusal, { mergeWithLastSubmission: false });
    }
  }
  return next();
});

const server = provider.listen(config.port, HOST, () => process.stdout.write(`listening ${issuer}\n`));
server.on("error", (error) => {
  process.stderr.write(
    error.code === "EADDRINUSE" ? `port ${config.port} on ${HOST} is in use\n` : `${error.message}\n`,
  );
  process.exit(1);
});
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => process.exit(0));
}
