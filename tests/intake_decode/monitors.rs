//! The monitors with a form of their own. The bodies are made up, of the fields that each vendor documents.

use super::told;
use warridor::ingest::limits;
use warridor::ingest::sources::{generic, grafana, newrelic, pagerduty_webhook, splunk};

#[test]
fn grafana_bodies() {
    let rows = [
        (
            "An alert as Alertmanager has it, with what Grafana adds",
            r#"{"receiver":"hook","status":"firing","orgId":1,"version":"1","title":"[FIRING:1] Queue long","state":"alerting","message":"**Firing**",
               "alerts":[{"status":"firing","labels":{"alertname":"Queue long","grafana_folder":"shop","severity":"critical"},
               "annotations":{"summary":"12,000 orders wait"},"startsAt":"2026-03-01T10:00:00Z","endsAt":"0001-01-01T00:00:00Z","fingerprint":"a1",
               "generatorURL":"https://g/alerting/1","values":{"B":44.5,"C":1},"valueString":"[ var='B' value=44.5 ]",
               "silenceURL":"https://g/silence","dashboardURL":"https://g/d/1","panelURL":"https://g/d/1?viewPanel=2","imageURL":""}],"externalURL":"https://g/"}"#,
            "trigger [a1] 12,000 orders wait <https://g/alerting/1> {alertname=Queue long, severity=critical, grafana_folder=shop, values=B=44.5, C=1, panel_url=https://g/d/1?viewPanel=2, dashboard_url=https://g/d/1, silence_url=https://g/silence} 2026-03-01T10:00:00.000Z..-",
        ),
        (
            "Over; without values their text, without a generator the panel",
            r#"{"alerts":[{"status":"resolved","labels":{"alertname":"X"},"fingerprint":"f","startsAt":"2026-03-01T11:00:00+01:00","endsAt":"2026-03-01T10:05:00Z",
               "generatorURL":"","values":null,"valueString":"[ var='A' value=1 ]","panelURL":"https://g/p","dashboardURL":"https://g/d"}],"externalURL":"https://g/"}"#,
            "resolve [f] X <https://g/p> {alertname=X, values=[ var='A' value=1 ], panel_url=https://g/p, dashboard_url=https://g/d} 2026-03-01T10:00:00.000Z..2026-03-01T10:05:00.000Z",
        ),
        (
            "Grafana's own page where an alert has none; a link that is none is none",
            r#"{"alerts":[{"status":"firing","labels":{"alertname":"X"},"fingerprint":"f","panelURL":"javascript:alert(1)"}],"externalURL":"https://g/"}"#,
            "trigger [f] X <https://g/> {alertname=X}",
        ),
        (
            "Of a rule without data Grafana says the name elsewhere",
            r#"{"alerts":[{"status":"firing","labels":{"alertname":"DatasourceNoData","rulename":"Queue long"},"fingerprint":"f"}]}"#,
            "trigger [f] DatasourceNoData Queue long <> {alertname=DatasourceNoData, rulename=Queue long}",
        ),
        (
            "A label of the rule's is not overwritten by what Grafana adds",
            r#"{"alerts":[{"status":"firing","labels":{"alertname":"X","values":"mine"},"fingerprint":"f","values":{"B":1}}]}"#,
            "trigger [f] X <> {alertname=X, values=mine}",
        ),
        (
            "No alerts",
            r#"{"receiver":"hook","status":"firing"}"#,
            "refused: alerts: found nothing; send a list of alerts",
        ),
        (
            "One bad alert: all or none",
            r#"{"alerts":[{"status":"firing","labels":{"a":"1"}},{"status":5,"labels":{"a":"1"}}]}"#,
            "refused: alerts[1].status: found 5; send \"firing\" or \"resolved\"",
        ),
        ("A list", "[]", "refused: the body: found a list; send Grafana's JSON object with `alerts`"),
        (
            "A dashboard alert",
            r#"{"ruleId":58,"ruleName":"Battery low","ruleUrl":"https://g/d/1?panelId=2","state":"alerting","title":"[Alerting] Battery low","message":"Below 23.7 V",
               "imageUrl":"https://img","orgId":1,"dashboardId":1,"panelId":2,"tags":{"team":"power","severity":"warning"},
               "evalMatches":[{"metric":"Volt","value":23.5,"tags":{"instance":"b1","team":"x"}},{"metric":"","value":null,"tags":{"__name__":"volts"}},{"value":22,"tags":null}]}"#,
            "trigger [rule/58] Battery low <https://g/d/1?panelId=2> {severity=warning, team=power, values=Volt=23.5, value=22, instance=b1, description=Below 23.7 V, image_url=https://img}",
        ),
        (
            "Over, with nothing more to say",
            r#"{"ruleId":58,"ruleName":"Battery low","state":"ok","evalMatches":[],"title":"[OK] Battery low"}"#,
            "resolve [rule/58] Battery low <> {}",
        ),
        (
            "No data is wrong too; a title without its state stands in for the name",
            r#"{"ruleId":"7","state":"No_Data","title":"[No Data] CPU"}"#,
            "trigger [rule/7] CPU <> {}",
        ),
        (
            "A rule with nothing but its number",
            r#"{"ruleId":7,"state":"alerting"}"#,
            "trigger [rule/7] alert rule/7 <> {}",
        ),
        ("Paused by somebody: nobody is asked to act", r#"{"ruleId":7,"ruleName":"x","state":"paused"}"#, ""),
        ("Not yet", r#"{"ruleId":7,"ruleName":"x","state":"pending"}"#, ""),
        (
            "A state nobody knows",
            r#"{"ruleId":7,"ruleName":"x","state":"exploded"}"#,
            "refused: state: found \"exploded\"; send one of \"alerting\", \"no_data\", \"ok\", \"paused\", \"pending\"",
        ),
    ];
    for (sentence, body, expected) in rows {
        assert_eq!(told(grafana::decode(body.as_bytes())), expected, "{sentence}");
    }
    let body = br#"{"alerts":[{"status":"firing","labels":{"a":"1"}}],"truncatedAlerts":3}"#;
    assert_eq!(grafana::decode(body).unwrap().left_out_by_sender, 3);
}

#[test]
fn newrelic_bodies() {
    let rows = [
        (
            "An issue, by the default template",
            r#"{"id":"7a1c-9f","issueUrl":"https://nr/issues/7a1c-9f","title":"Errors > 5 % on 'shop'","priority":"CRITICAL","impactedEntities":["shop","till"],
               "totalIncidents":2,"state":"ACTIVATED","trigger":"STATE_CHANGE","isCorrelated":false,"createdAt":1772359200000,"updatedAt":1772359260000,
               "sources":["newrelic"],"alertPolicyNames":["Golden"],"alertConditionNames":["Errors"],"workflowName":"pager"}"#,
            "trigger [7a1c-9f] Errors > 5 % on 'shop' <https://nr/issues/7a1c-9f> {alertname=Errors, priority=CRITICAL, entity=shop, till, policy=Golden, incidents=2, workflow=pager} 2026-03-01T10:00:00.000Z..-",
        ),
        (
            "Closed",
            r#"{"id":"7a1c-9f","title":"t","state":"CLOSED","trigger":"INCIDENT_CLOSED","createdAt":1772359200000,"updatedAt":1772359260000}"#,
            "resolve [7a1c-9f] t <> {} 2026-03-01T10:00:00.000Z..2026-03-01T10:01:00.000Z",
        ),
        (
            "When it was closed, if the template says so",
            r#"{"id":"i","title":"t","state":"closed","updatedAt":1772359260000,"closedAt":"2026-03-01T10:00:30Z"}"#,
            "resolve [i] t <> {} -..2026-03-01T10:00:30.000Z",
        ),
        ("Created is open", r#"{"id":"i","title":"t","state":"CREATED"}"#, "trigger [i] t <> {}"),
        ("Somebody has it", r#"{"id":"i","title":"t","state":"ACKNOWLEDGED"}"#, "acknowledge [i] t <> {}"),
        (
            "Somebody has it, and the issue is active as before",
            r#"{"id":"i","title":"t","state":"ACTIVATED","trigger":"ISSUE_ACKNOWLEDGED"}"#,
            "acknowledge [i] t <> {}",
        ),
        (
            "Somebody took it, by a template that says who",
            r#"{"id":"i","title":"t","state":"ACTIVATED","trigger":"USER_ACTION","owner":"Ana"}"#,
            "acknowledge [i] t <> {owner=Ana}",
        ),
        (
            "Somebody did something with it: the default template does not say what",
            r#"{"id":"i","title":"t","state":"ACTIVATED","trigger":"USER_ACTION"}"#,
            "trigger [i] t <> {}",
        ),
        (
            "Somebody gave it back",
            r#"{"id":"i","title":"t","state":"ACTIVATED","trigger":"USER_ACTION","owner":null}"#,
            "trigger [i] t <> {}",
        ),
        (
            "It gets worse while somebody has it",
            r#"{"id":"i","title":"t","state":"ACTIVATED","trigger":"PRIORITY_CHANGED","owner":"Ana"}"#,
            "trigger [i] t <> {owner=Ana}",
        ),
        (
            "One of two incidents is closed, the issue is not",
            r#"{"id":"i","title":"t","state":"ACTIVATED","trigger":"INCIDENT_CLOSED"}"#,
            "trigger [i] t <> {}",
        ),
        (
            "A text where a list was, a list where a text was, nothing where something was",
            r#"{"issueId":"i","title":["first","second"],"state":"ACTIVATED","impactedEntities":"shop","alertPolicyNames":[],"priority":null,"createdAt":"soon"}"#,
            "trigger [i] first, second <> {entity=shop}",
        ),
        (
            "Without a title the condition says what is wrong",
            r#"{"id":"i","title":"  ","state":"ACTIVATED","alertConditionNames":["Errors"]}"#,
            "trigger [i] Errors <> {alertname=Errors}",
        ),
        (
            "With neither, the issue is named",
            r#"{"id":"i","state":"ACTIVATED"}"#,
            "trigger [i] New Relic issue i <> {}",
        ),
        (
            "A state nobody knows",
            r#"{"id":"i","title":"t","state":"PURPLE"}"#,
            "refused: state: found \"PURPLE\"; send one of \"CREATED\", \"ACTIVATED\", \"ACKNOWLEDGED\", \"CLOSED\": `{{ json state }}`",
        ),
        (
            "An issue without id",
            r#"{"title":"t","state":"ACTIVATED"}"#,
            "refused: id: found nothing; send the issue's id: `{{ json issueId }}`",
        ),
        (
            "Of a notification channel",
            r#"{"account_name":"Shop","condition_id":5,"condition_name":"Apdex low","current_state":"open","details":"Apdex < 0.5 on 'shop'","event_type":"INCIDENT",
               "incident_id":1234,"incident_url":"https://nr/incidents/1234","owner":"","policy_name":"Golden","severity":"CRITICAL","timestamp":1772359200000,
               "runbook_url":"https://wiki/rb","targets":[{"id":"1","name":"shop","link":"https://nr/1"},{"id":"2","name":""},{"name":"till"}]}"#,
            "trigger [1234] Apdex low: Apdex < 0.5 on 'shop' <https://nr/incidents/1234> {alertname=Apdex low, severity=CRITICAL, entity=shop, till, policy=Golden, account=Shop, runbook_url=https://wiki/rb}",
        ),
        (
            "Somebody has it there",
            r#"{"incident_id":0,"current_state":"acknowledged","condition_name":"c"}"#,
            "acknowledge [0] c <> {alertname=c}",
        ),
        (
            "Over there",
            r#"{"incident_id":"1234","current_state":"closed","details":"d","timestamp":1772359260000}"#,
            "resolve [1234] d <> {} -..2026-03-01T10:01:00.000Z",
        ),
        (
            "An incident without state",
            r#"{"incident_id":1,"condition_name":"c"}"#,
            "refused: current_state: found nothing; send one of \"open\", \"acknowledged\", \"closed\"",
        ),
        (
            "Neither incident nor condition",
            r#"{"current_state":"open","details":"d"}"#,
            "refused: incident_id: found nothing; send the incident's id, or at least `condition_name`",
        ),
        ("A text", "\"x\"", "refused: the body: found a text; send New Relic's JSON object: its default template"),
    ];
    for (sentence, body, expected) in rows {
        assert_eq!(told(newrelic::decode(body.as_bytes())), expected, "{sentence}");
    }
    let key = |body: &str| newrelic::decode(body.as_bytes()).unwrap().events[0].dedup_key.clone();
    let opened = key(r#"{"current_state":"open","condition_name":"c","policy_name":"p","details":"a"}"#);
    let closed = key(r#"{"current_state":"closed","condition_name":"c","policy_name":"p","details":"b"}"#);
    assert_eq!(opened, closed, "without an incident's id, policy and condition name it");
    assert_ne!(opened, key(r#"{"current_state":"open","condition_name":"c","policy_name":"q"}"#));
}

#[test]
fn splunk_bodies() {
    let rows = [
        (
            "A search that found something",
            r#"{"search_name":"Failed logins","sid":"scheduler__admin__search__x_at_1772359200_2","app":"search","owner":"admin","results_link":"https://s:8000/app/search/@go?sid=x",
               "result":{"host":"web-1","_time":"1772359200","_raw":"sshd: Failed password","_serial":"1","date_hour":"10","punct":"::","linecount":"","user":["root","admin"],"severity":"high"}}"#,
            "trigger [search/Failed logins] Failed logins <https://s:8000/app/search/@go?sid=x> {severity=high, host=web-1, _raw=sshd: Failed password, user=root, admin, search=Failed logins, app=search, owner=admin}",
        ),
        (
            "A search that was not saved: its job says what it was",
            r#"{"search_name":null,"sid":"scheduler__admin__search__W2_at_14232356_132","app":"search","owner":"admin","results_link":"http://web.example.local:8000/x","result":{"count":"8"}}"#,
            "trigger [search/search scheduler__admin__search__W2] search scheduler__admin__search__W2 <http://web.example.local:8000/x> {count=8, search=search scheduler__admin__search__W2, app=search, owner=admin}",
        ),
        (
            "The search makes its own titles, and an alert of each host",
            r#"{"search_name":"Disks","app":"ops","result":{"title":"Disk of db-1 is full","dedup_key":"db-1"}}"#,
            "trigger [ops/Disks/db-1] Disk of db-1 is full <> {search=Disks, app=ops}",
        ),
        ("No result, no app", r#"{"search_name":"Disks","result":null}"#, "trigger [Disks] Disks <> {search=Disks}"),
        (
            "A result that is a list",
            r#"{"search_name":"Disks","result":[1]}"#,
            "trigger [Disks] Disks <> {search=Disks}",
        ),
        (
            "A list in a telling field, empty and odd values",
            r#"{"search_name":"s","result":{"host":["a","b"],"empty":"","none":[],"odd":{"a":1},"n":5}}"#,
            "trigger [s] s <> {host=a, b, odd={\"a\":1}, n=5, search=s}",
        ),
        (
            "Nothing says which search",
            r#"{"result":{"host":"a"}}"#,
            "refused: search_name: found nothing; send Splunk's webhook alert action: `search_name`, or at least `sid`",
        ),
        ("A list", "[]", "refused: the body: found a list; send Splunk's JSON object, as its webhook action sends it"),
    ];
    for (sentence, body, expected) in rows {
        assert_eq!(told(splunk::decode(body.as_bytes())), expected, "{sentence}");
    }
    let key = |sid: &str| {
        let body = format!(r#"{{"search_name":null,"sid":"{sid}","app":"search"}}"#);
        splunk::decode(body.as_bytes()).unwrap().events[0].dedup_key.clone()
    };
    assert_eq!(key("rt_scheduler__a__search__W_at_1_2.2"), key("rt_scheduler__a__search__W_at_99_7.1"));
    assert_ne!(key("rt_scheduler__a__search__W_at_1_2.2"), key("rt_scheduler__a__search__V_at_1_2.2"));
}

fn pagerduty_message(kind: &str, rest: &str) -> String {
    format!(
        r#"{{"event":{{"id":"01E","event_type":"{kind}","resource_type":"incident","occurred_at":"2026-03-01T12:00:00.500Z","agent":null,"client":null,
           "data":{{"id":"PX1","type":"incident","title":"Shop is down","html_url":"https://acme.pagerduty.com/incidents/PX1"{rest}}}}}}}"#
    )
}

#[test]
fn pagerduty_webhook_bodies() {
    let created = r#","created_at":"2026-03-01T10:00:00Z""#;
    let reopened = r#","created_at":"2026-03-01T10:00:00Z","reopened_at":"2026-03-01T11:00:00Z""#;
    let full = r#","number":12,"status":"triggered","urgency":"low","created_at":"2026-03-01T10:00:00Z","service":{"summary":"Shop"},"priority":{"summary":"P1"},
        "escalation_policy":{"summary":"Default"},"assignees":[{"summary":"Ana"},{"summary":"Ben"}],"teams":[],"resolve_reason":null"#;
    let link = "<https://acme.pagerduty.com/incidents/PX1>";
    let rows = [
        (
            "An incident opens",
            pagerduty_message("incident.triggered", full),
            format!(
                "trigger [PX1] Shop is down {link} {{severity=low, service=Shop, priority=P1, number=12, assigned=Ana, Ben, escalation_policy=Default}} 2026-03-01T10:00:00.000Z..-"
            ),
        ),
        (
            "It began when it was told of, where it does not say when",
            pagerduty_message("incident.triggered", ""),
            format!("trigger [PX1] Shop is down {link} {{}} 2026-03-01T12:00:00.500Z..-"),
        ),
        (
            "Somebody has it",
            pagerduty_message("incident.acknowledged", created),
            format!("acknowledge [PX1] Shop is down {link} {{}} 2026-03-01T10:00:00.000Z..-"),
        ),
        (
            "It is over",
            pagerduty_message("incident.resolved", created),
            format!("resolve [PX1] Shop is down {link} {{}} 2026-03-01T10:00:00.000Z..2026-03-01T12:00:00.500Z"),
        ),
        (
            "Over, of nobody knows which episode",
            pagerduty_message("incident.resolved", ""),
            format!("resolve [PX1] Shop is down {link} {{}} -..2026-03-01T12:00:00.500Z"),
        ),
        (
            "Opened again: another episode",
            pagerduty_message("incident.reopened", reopened),
            format!("trigger [PX1] Shop is down {link} {{}} 2026-03-01T11:00:00.000Z..-"),
        ),
        (
            "Opened again, without saying when: certainly not the episode that is over",
            pagerduty_message("incident.reopened", created),
            format!("trigger [PX1] Shop is down {link} {{}}"),
        ),
        (
            "Over again: of the episode that was opened again",
            pagerduty_message("incident.resolved", reopened),
            format!("resolve [PX1] Shop is down {link} {{}} 2026-03-01T11:00:00.000Z..2026-03-01T12:00:00.500Z"),
        ),
        (
            "Nobody took it there: whoever is asked here is asked of the same episode",
            pagerduty_message("incident.escalated", r#","status":"triggered","created_at":"2026-03-01T10:00:00Z""#),
            format!("trigger [PX1] Shop is down {link} {{}} 2026-03-01T10:00:00.000Z..-"),
        ),
        (
            "Given back",
            pagerduty_message("incident.unacknowledged", ""),
            format!("trigger [PX1] Shop is down {link} {{}}"),
        ),
        (
            "Reassigned to somebody who has it already",
            pagerduty_message("incident.reassigned", r#","status":"acknowledged""#),
            String::new(),
        ),
        ("Delegated, and over", pagerduty_message("incident.delegated", r#","status":"resolved""#), String::new()),
        ("A note", pagerduty_message("incident.annotated", ""), String::new()),
        ("A status update", pagerduty_message("incident.status_update_published", ""), String::new()),
        ("A responder", pagerduty_message("incident.responder.replied", ""), String::new()),
        ("A workflow", pagerduty_message("incident.workflow.started", ""), String::new()),
        ("Another priority", pagerduty_message("incident.priority_updated", ""), String::new()),
        ("A service", pagerduty_message("service.updated", ""), String::new()),
        ("What nobody thought of yet", pagerduty_message("incident.sang_a_song", ""), String::new()),
        (
            "The ping by which a subscription is tried",
            r#"{"event":{"id":"01","event_type":"pagey.ping","resource_type":"pagey","occurred_at":"2026-03-01T12:00:00Z","agent":null,"client":null,"data":{"message":"Hello","type":"ping"}}}"#.to_owned(),
            String::new(),
        ),
        (
            "An incident without a title",
            r#"{"event":{"event_type":"incident.triggered","data":{"id":"PX1","number":7,"title":"\u0000"}}}"#.to_owned(),
            "trigger [PX1] PagerDuty incident #7 <> {number=7}".to_owned(),
        ),
        (
            "An incident without id",
            r#"{"event":{"event_type":"incident.triggered","data":{"title":"x"}}}"#.to_owned(),
            "refused: event.data.id: found nothing; send the incident's id".to_owned(),
        ),
        (
            "No incident",
            r#"{"event":{"event_type":"incident.resolved","data":"x"}}"#.to_owned(),
            "refused: event.data: found a text; send the incident as an object".to_owned(),
        ),
        (
            "No type",
            r#"{"event":{"data":{"id":"PX1"}}}"#.to_owned(),
            "refused: event.event_type: found nothing; send the type of the message, such as \"incident.triggered\"".to_owned(),
        ),
        (
            "A type without the kind of thing it is about",
            r#"{"event":{"event_type":"triggered","data":{"id":"PX1"}}}"#.to_owned(),
            "refused: event.event_type: found \"triggered\"; send the type of the message, such as \"incident.triggered\"".to_owned(),
        ),
        (
            "The webhooks before these",
            r#"{"messages":[{"type":"incident.trigger"}]}"#.to_owned(),
            "refused: event: found nothing; send a message of a webhook subscription, version 3: this has the form of the earlier ones".to_owned(),
        ),
        (
            "A monitor at the wrong door",
            r#"{"routing_key":"k","event_action":"trigger"}"#.to_owned(),
            "refused: event: found nothing; send a message of a webhook subscription; an event with a routing_key goes to /v2/enqueue".to_owned(),
        ),
        (
            "A list",
            "[]".to_owned(),
            "refused: the body: found a list; send a message of a webhook subscription, version 3".to_owned(),
        ),
    ];
    for (sentence, body, expected) in rows {
        assert_eq!(told(pagerduty_webhook::decode(body.as_bytes())), expected, "{sentence}");
    }
}

#[test]
fn nagios_zabbix_and_uptimerobot_bodies() {
    let rows = [
        (
            "Nagios: a service",
            r#"{"NOTIFICATIONTYPE":"PROBLEM","HOSTNAME":"db-1","HOSTADDRESS":"10.0.0.7","HOSTSTATE":"UP","SERVICEDESC":"Disk","SERVICESTATE":"CRITICAL","SERVICEOUTPUT":"/data 97% used"}"#,
            "trigger [db-1/Disk] Disk on db-1: /data 97% used <> {severity=critical, host=db-1, service=Disk, state=CRITICAL, address=10.0.0.7}",
        ),
        (
            "Nagios: a host; of services it sends empty texts",
            r#"{"NOTIFICATIONTYPE":"PROBLEM","HOSTNAME":"db-1","HOSTSTATE":"DOWN","HOSTOUTPUT":"no ping","SERVICEDESC":"","SERVICESTATE":"","SERVICEOUTPUT":""}"#,
            "trigger [db-1] db-1: no ping <> {severity=critical, host=db-1, state=DOWN}",
        ),
        (
            "Nagios: somebody has it",
            r#"{"NOTIFICATIONTYPE":"ACKNOWLEDGEMENT","HOSTNAME":"db-1","SERVICEDESC":"Disk","SERVICESTATE":"WARNING","NOTIFICATIONAUTHOR":"ana","NOTIFICATIONCOMMENT":"on it"}"#,
            "acknowledge [db-1/Disk] Disk on db-1: WARNING <> {severity=warning, host=db-1, service=Disk, state=WARNING, author=ana, comment=on it}",
        ),
        (
            "Nagios: over",
            r#"{"NOTIFICATIONTYPE":"RECOVERY","HOSTNAME":"db-1","HOSTSTATE":"UP","HOSTOUTPUT":"PING OK"}"#,
            "resolve [db-1] db-1: PING OK <> {severity=ok, host=db-1, state=UP}",
        ),
        (
            "Nagios: flapping, and nobody says how it stands",
            r#"{"NOTIFICATIONTYPE":"FLAPPINGSTART","HOSTNAME":"db-1"}"#,
            "",
        ),
        (
            "Nagios: flapping stands in the place of the problem",
            r#"{"NOTIFICATIONTYPE":"FLAPPINGSTART","HOSTNAME":"db-1","SERVICEDESC":"Disk","SERVICESTATE":"CRITICAL","SERVICEOUTPUT":"97%"}"#,
            "trigger [db-1/Disk] Disk on db-1: 97% <> {severity=critical, host=db-1, service=Disk, state=CRITICAL}",
        ),
        (
            "Nagios: it flaps no more, and is well",
            r#"{"NOTIFICATIONTYPE":"FLAPPINGSTOP","HOSTNAME":"db-1","HOSTSTATE":"UP","HOSTOUTPUT":"PING OK"}"#,
            "resolve [db-1] db-1: PING OK <> {severity=ok, host=db-1, state=UP}",
        ),
        ("Nagios: nor does downtime", r#"{"NOTIFICATIONTYPE":"DOWNTIMEEND","HOSTNAME":"db-1"}"#, ""),
        (
            "Nagios: no host",
            r#"{"NOTIFICATIONTYPE":"PROBLEM","HOSTNAME":""}"#,
            "refused: HOSTNAME: found \"\"; send Nagios' $HOSTNAME$",
        ),
        (
            "Nagios: a macro that was not filled in",
            r#"{"NOTIFICATIONTYPE":"$NOTIFICATIONTYPE$","HOSTNAME":"h"}"#,
            "refused: NOTIFICATIONTYPE: found \"$NOTIFICATIONTYPE$\"; send Nagios' $NOTIFICATIONTYPE$: \"PROBLEM\", \"RECOVERY\", \"ACKNOWLEDGEMENT\"…",
        ),
        (
            "Zabbix, by the recipe",
            r#"{"action":"trigger","dedup_key":"zabbix/14032","title":"Agent is unreachable","link":"https://z/tr_events.php?triggerid=14032&eventid=1",
               "labels":{"host":"www-1","severity":"High","item":"*UNKNOWN*"}}"#,
            "trigger [zabbix/14032] Agent is unreachable <https://z/tr_events.php?triggerid=14032&eventid=1> {severity=High, host=www-1}",
        ),
        (
            "Zabbix, by another's media type",
            r#"{"hostname":"www-1","severity":"High","status":"PROBLEM","item":"ping","trigger":"Agent is unreachable","link":"https://z/1"}"#,
            "trigger [ZABBIX] Agent is unreachable <https://z/1> {severity=High, host=www-1}",
        ),
        (
            "UptimeRobot: down",
            r#"{"monitorID":"777","monitorURL":"https://shop.example","monitorFriendlyName":"Shop","alertType":"1","alertTypeFriendlyName":"Down","alertDetails":"HTTP 500"}"#,
            "trigger [777] Shop: HTTP 500 <https://shop.example> {monitor=Shop}",
        ),
        (
            "UptimeRobot: up; what was not filled in was not sent",
            r#"{"monitorID":777,"monitorURL":"*monitorURL*","monitorFriendlyName":"Shop","alertType":2,"alertDetails":"*alertDetails*"}"#,
            "resolve [777] Shop <> {monitor=Shop}",
        ),
        (
            "UptimeRobot: a certificate is another problem of the same monitor",
            r#"{"monitorID":"777","monitorFriendlyName":"Shop","alertType":"3","alertDetails":"expires in 7 days"}"#,
            "trigger [777/3] Shop: expires in 7 days <> {monitor=Shop}",
        ),
        (
            "UptimeRobot: known by its name only",
            r#"{"monitorFriendlyName":"Shop","alertType":"1","alertDetails":"HTTP 500"}"#,
            "trigger [Shop] Shop: HTTP 500 <> {monitor=Shop}",
        ),
        (
            "UptimeRobot: and up again",
            r#"{"monitorFriendlyName":"Shop","alertType":"2","alertDetails":"HTTP 200 - OK"}"#,
            "resolve [Shop] Shop: HTTP 200 - OK <> {monitor=Shop}",
        ),
        (
            "UptimeRobot: by its words, in the other spelling, known by its address",
            r#"{"monitor_url":"shop.example","monitor_friendly_name":"Shop","alert_type":"*alertType*","alert_type_friendly_name":"Up"}"#,
            "resolve [shop.example] Shop <> {monitor=Shop}",
        ),
        (
            "UptimeRobot, by the recipe",
            r#"{"status":"Down","dedup_key":"uptimerobot/777","title":"Shop is Down","link":"https://shop.example","description":"*alertDetails*"}"#,
            "trigger [uptimerobot/777] Shop is Down <https://shop.example> {}",
        ),
        (
            "Another sender's alertType 2 ends nothing",
            r#"{"title":"Fan 2 failed","key":"fan2","alertType":2}"#,
            "trigger [fan2] Fan 2 failed <> {}",
        ),
        (
            "UptimeRobot: nothing filled in",
            r#"{"monitorID":"*monitorID*","monitorFriendlyName":"*monitorFriendlyName*","alertType":"*alertType*"}"#,
            "refused: title: found neither dedup_key nor title; send what is wrong, in one line",
        ),
        (
            "What is emphasised is no placeholder",
            r#"{"title":"*urgent*","labels":{"a":"*alert me*","b":"*alertType*"}}"#,
            "trigger [URGENT] *urgent* <> {a=*alert me*}",
        ),
    ];
    let hash = |title| warridor::ingest::text::short_hash([title]);
    let on_host = warridor::ingest::text::short_hash(["www-1", "Agent is unreachable"]);
    for (sentence, body, expected) in rows {
        let expected = expected.replace("ZABBIX", &on_host).replace("URGENT", &hash("*urgent*"));
        assert_eq!(told(generic::decode(body.as_bytes())), expected, "{sentence}");
    }
}

/// What the documentation lets people send: each `-d '…'` of a `curl`, and the path it goes to.
fn documented() -> Vec<(String, String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let page = path.file_name().unwrap().to_string_lossy().into_owned();
        if !page.starts_with("connect-") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for command in text.split("curl -X POST ").skip(1) {
            let to = command.split_whitespace().next().unwrap().to_owned();
            // Up to the next command; what stands in a variable is not looked at.
            let body = command.split("\n```").next().unwrap().split(" -d '").nth(1).and_then(|b| b.split('\'').next());
            found.extend(body.map(|body| (page.clone(), to, body.to_owned())));
        }
    }
    found
}

#[test]
fn every_curl_of_the_documentation_is_understood() {
    let all = documented();
    let mut paths = std::collections::BTreeSet::new();
    for (page, to, body) in &all {
        let decode: super::Decode = match to.split("/integrations/").nth(1).map(|rest| rest.split('/').next().unwrap())
        {
            Some("alertmanager") => super::alertmanager::decode,
            Some("grafana") => grafana::decode,
            Some("newrelic") => newrelic::decode,
            Some("splunk") => splunk::decode,
            Some("pagerduty") => pagerduty_webhook::decode,
            Some("generic") => generic::decode,
            Some(other) => panic!("{page}: nothing is at {other}"),
            None => {
                let event = super::pagerduty::decode(body.as_bytes(), "made");
                super::within_bounds(&[event.unwrap_or_else(|e| panic!("{page}: {e:?}"))]);
                continue;
            }
        };
        let decoded = decode(body.as_bytes()).unwrap_or_else(|e| panic!("{page}: {e}\n{body}"));
        super::within_bounds(&decoded.events);
        paths.insert(to.rsplit('/').nth(1).unwrap());
    }
    assert_eq!(paths.len(), 6, "every path has its curl: {paths:?}");
    assert!(all.len() >= 9, "{all:?}");
}

#[test]
fn every_text_of_every_monitor_is_bounded() {
    let long = "é".repeat(5000);
    let fields: String = (0..400).map(|n| format!(r#""f{n}{long}":"{long}","#)).collect();
    let many = format!("[{}\"x\"]", format!(r#""{long}","#).repeat(100));
    let people = format!("[{}{{}}]", format!(r#"{{"summary":"{long}"}},"#).repeat(100));
    let bodies = [
        (
            "grafana",
            grafana::decode(
                format!(
                    r#"{{"alerts":[{{"status":"firing","fingerprint":"{long}","labels":{{{fields}"z":"1"}},"annotations":{{"summary":"{long}"}},"values":{{{fields}"z":"1"}},"panelURL":"http://{long}"}}]}}"#
                )
                .as_bytes(),
            ),
        ),
        (
            "grafana's dashboards",
            grafana::decode(
                format!(
                    r#"{{"ruleId":"{long}","ruleName":"{long}","state":"alerting","message":"{long}","ruleUrl":"http://{long}","tags":{{{fields}"z":"1"}},"evalMatches":[{{"metric":"{long}","value":"{long}","tags":{{{fields}"z":"1"}}}}]}}"#
                )
                .as_bytes(),
            ),
        ),
        (
            "newrelic",
            newrelic::decode(
                format!(
                    r#"{{"id":"{long}","title":"{long}","state":"ACTIVATED","impactedEntities":{many},"alertPolicyNames":{many},"priority":"{long}","issueUrl":"http://{long}"}}"#
                )
                .as_bytes(),
            ),
        ),
        (
            "newrelic's channels",
            newrelic::decode(
                format!(
                    r#"{{"incident_id":"{long}","condition_name":"{long}","details":"{long}","current_state":"open","severity":"{long}","owner":{many}}}"#
                )
                .as_bytes(),
            ),
        ),
        (
            "splunk",
            splunk::decode(
                format!(
                    r#"{{"search_name":"{long}","app":"{long}","owner":"{long}","result":{{{fields}"host":{many}}},"results_link":"http://{long}"}}"#
                )
                .as_bytes(),
            ),
        ),
        (
            "pagerduty",
            pagerduty_webhook::decode(
                format!(
                    r#"{{"event":{{"event_type":"incident.triggered","data":{{"id":"{long}","title":"{long}","urgency":"{long}","html_url":"http://{long}","assignees":{people},"teams":{people}}}}}}}"#
                )
                .as_bytes(),
            ),
        ),
        (
            "nagios",
            generic::decode(
                format!(r#"{{"NOTIFICATIONTYPE":"PROBLEM","HOSTNAME":"{long}","HOSTOUTPUT":"{long}","NOTIFICATIONCOMMENT":{many}}}"#)
                    .as_bytes(),
            ),
        ),
    ];
    for (monitor, decoded) in bodies {
        let decoded = decoded.unwrap_or_else(|e| panic!("{monitor}: {e}"));
        super::within_bounds(&decoded.events);
        let event = &decoded.events[0];
        assert_eq!(event.title.chars().count(), limits::TITLE_CHARS, "{monitor}");
        assert_eq!(event.dedup_key.chars().count(), limits::DEDUP_KEY_CHARS, "{monitor}");
        assert_eq!(event.link, "", "{monitor}: half a link leads nowhere");
    }
}
