/**
 * Webhooks as the documentation of each program shows them, without the fields that say nothing here: GitHub ("Webhook events
 * and payloads"), GitLab ("Webhook events"), Grafana ("Configure the webhook notifier"), Prometheus Alertmanager
 * ("webhook_config"), and Uptime Kuma (its notification "Webhook").
 */

const REPOSITORY = {
  id: 186853002,
  name: "Hello-World",
  full_name: "Codertocat/Hello-World",
  html_url: "https://github.com/Codertocat/Hello-World",
};
const SENDER = { login: "Codertocat", id: 21031067, type: "User" };

export const GITHUB = {
  ping: { zen: "Keep it logically awesome.", hook_id: 1, hook: {}, repository: REPOSITORY, sender: SENDER },
  push: {
    ref: "refs/heads/main",
    before: "6113728f27ae82c7b1a177c8d03f9e96e0adf246",
    after: "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
    created: false,
    deleted: false,
    forced: false,
    compare: "https://github.com/Codertocat/Hello-World/compare/6113728f27ae...0d1a26e67d8f",
    commits: [
      {
        id: "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c",
        message: "Update README.md\n\nWith more words.",
        author: { name: "Codertocat", email: "21031067+Codertocat@users.noreply.example", username: "Codertocat" },
        added: [],
        removed: [],
        modified: ["README.md"],
      },
    ],
    head_commit: { id: "0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c" },
    pusher: { name: "Codertocat" },
    repository: REPOSITORY,
    sender: SENDER,
  },
  pull_request: {
    action: "opened",
    number: 2,
    pull_request: {
      html_url: "https://github.com/Codertocat/Hello-World/pull/2",
      number: 2,
      state: "open",
      title: "Update the README with new information.",
      merged: false,
    },
    repository: REPOSITORY,
    sender: SENDER,
  },
  issue_comment: {
    action: "created",
    issue: { number: 1, title: "Spelling error in the README file", html_url: "https://github.com/x/issues/1" },
    comment: {
      html_url: "https://github.com/Codertocat/Hello-World/issues/1#issuecomment-492700400",
      body: "\nYou are totally right!\nI'll get this fixed.",
    },
    repository: REPOSITORY,
    sender: SENDER,
  },
  workflow_run: {
    action: "completed",
    workflow_run: {
      name: "CI",
      head_branch: "main",
      status: "completed",
      conclusion: "timed_out",
      html_url: "https://github.com/Codertocat/Hello-World/actions/runs/289782451",
    },
    repository: REPOSITORY,
    sender: SENDER,
  },
  release: {
    action: "published",
    release: {
      html_url: "https://github.com/Codertocat/Hello-World/releases/tag/0.0.1",
      tag_name: "0.0.1",
      name: null,
    },
    repository: REPOSITORY,
    sender: SENDER,
  },
  label: { action: "created", label: { name: "bug" }, repository: REPOSITORY, sender: SENDER },
};

const PROJECT = {
  id: 15,
  name: "Diaspora",
  path_with_namespace: "mike/diaspora",
  web_url: "http://example.com/mike/diaspora",
};

export const GITLAB = {
  "Push Hook": {
    object_kind: "push",
    event_name: "push",
    ref: "refs/heads/master",
    checkout_sha: "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
    user_name: "John Smith",
    user_username: "jsmith",
    project: PROJECT,
    commits: [
      {
        id: "b6568db1bc1dcd7f8b4d5a946b0b91f9dacd7327",
        message: "Update Catalan translation to e38cb41.\n\nSee the list.",
        author: { name: "Jordi Mallach", email: "jordi@example.com" },
      },
      {
        id: "da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
        message: "fixed readme",
        author: { name: "GitLab dev user", email: "gitlabdev@example.com" },
      },
    ],
    total_commits_count: 4,
  },
  "Merge Request Hook": {
    object_kind: "merge_request",
    event_type: "merge_request",
    user: { id: 1, name: "Administrator", username: "root" },
    project: PROJECT,
    object_attributes: {
      id: 99,
      iid: 1,
      title: "MS-Viewport",
      state: "opened",
      action: "open",
      url: "http://example.com/diaspora/merge_requests/1",
    },
  },
  "Pipeline Hook": {
    object_kind: "pipeline",
    object_attributes: { id: 31, iid: 3, ref: "master", status: "success", duration: 63 },
    user: { id: 1, name: "Administrator" },
    project: PROJECT,
  },
  "Note Hook": {
    object_kind: "note",
    user: { id: 1, name: "Administrator" },
    project: PROJECT,
    object_attributes: { id: 1244, note: "This MR needs work.", url: "http://example.com/merge_requests/1#note_1244" },
    merge_request: { id: 7, iid: 1, title: "Tempora et eos debitis quae laborum et." },
  },
  "Wiki Page Hook": { object_kind: "wiki_page", user: { name: "Administrator" }, project: PROJECT },
};

export const GRAFANA = {
  receiver: "My Super Webhook",
  status: "firing",
  orgId: 1,
  alerts: [
    {
      status: "firing",
      labels: { alertname: "High memory usage", team: "blue", zone: "us-1" },
      annotations: {
        description: "The system has high memory usage",
        runbook_url: "https://myrunbook.com/runbook/1234",
        summary: "This alert was triggered for zone us-1",
      },
      startsAt: "2021-10-12T09:51:03.157076+02:00",
      endsAt: "0001-01-01T00:00:00Z",
      generatorURL: "https://play.grafana.org/alerting/1afz29v7z/edit",
      fingerprint: "c6eadffa33fcdf37",
      silenceURL: "https://play.grafana.org/alerting/silence/new",
      dashboardURL: "",
      panelURL: "",
      values: { B: 44.23943737541908, C: 1 },
    },
    {
      status: "firing",
      labels: { alertname: "High CPU usage", team: "blue", zone: "eu-1" },
      annotations: { description: "The system has high CPU usage", summary: "This alert was triggered for zone eu-1" },
      generatorURL: "https://play.grafana.org/alerting/d1rdpdv7k/edit",
      dashboardURL: "",
    },
  ],
  groupLabels: {},
  commonLabels: { team: "blue" },
  commonAnnotations: {},
  externalURL: "https://play.grafana.org/",
  version: "1",
  groupKey: "{}:{}",
  truncatedAlerts: 0,
  title: "[FIRING:2]  (blue)",
  state: "alerting",
  message: "**Firing**\n\nLabels: …",
};

export const ALERTMANAGER = {
  receiver: "webhook",
  status: "resolved",
  alerts: [
    {
      status: "resolved",
      labels: { alertname: "Test", dc: "eu-west-1", instance: "localhost:9090", job: "prometheus24" },
      annotations: { description: "some description" },
      startsAt: "2018-08-03T09:52:26.739266876+02:00",
      endsAt: "2018-08-03T10:52:26.739266876+02:00",
      generatorURL: "http://example.com:9090/graph?g0.expr=go_memstats_alloc_bytes+%3E+0&g0.tab=1",
      fingerprint: "1a30ba71cca2921f",
    },
  ],
  groupLabels: { alertname: "Test", job: "prometheus24" },
  commonLabels: { alertname: "Test", dc: "eu-west-1", instance: "localhost:9090", job: "prometheus24" },
  commonAnnotations: { description: "some description" },
  externalURL: "http://example.com:9093",
  version: "4",
  groupKey: '{}:{alertname="Test", job="prometheus24"}',
  truncatedAlerts: 3,
};

export const UPTIME_KUMA = {
  heartbeat: {
    monitorID: 1,
    status: 0,
    time: "2023-01-01 12:00:00.000",
    msg: "connect ECONNREFUSED 192.0.2.1:443",
    important: true,
    duration: 60,
  },
  monitor: { id: 1, name: "Website", url: "https://www.example.com", type: "http" },
  msg: "[Website] [🔴 Down] connect ECONNREFUSED 192.0.2.1:443",
};
