// Node-RED as it comes, with one account and without its own log.
module.exports = {
  flowFile: "flows.json",
  credentialSecret: "always the same",
  adminAuth: {
    type: "credentials",
    users: [{ username: "alice", permissions: "*", password: require("bcryptjs").hashSync("alice-demo", 4) }],
  },
  telemetry: { enabled: false, updateNotification: false },
  diagnostics: { enabled: false },
  editorTheme: { tours: false },
  logging: { console: { level: "warn" } },
  externalModules: { palette: { allowInstall: false } },
};
