//! Lists of servers: which, in what order, and how many at once.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use oriel_domain::{Server, ServerId, TaskState};
use regex::Regex;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::super::Context;
use super::super::fault::Fault;
use super::super::query;
use super::super::route::Api;
use super::super::version::Microversion;
use super::{api_base, detail, power_state, status, summary, timestamp, vm_state};
use crate::policy::{Rule, Target};

/// Most servers in one answer: Nova's `[api]max_limit`.
const MAX_LIMIT: usize = 1000;
/// Names that say which part of the list is wanted, and not which servers.
const PAGING: [&str; 4] = ["sort_key", "sort_dir", "limit", "marker"];
/// Properties that Nova keeps in tables of their own, and never filters by.
const JOINED: [&str; 7] = [
    "block_device_mapping",
    "services",
    "metadata",
    "system_metadata",
    "info_cache",
    "security_groups",
    "pci_devices",
];
/// Every status that there is in Nova, whether a server here can have it or not.
const STATUSES: [&str; 19] = [
    "ACTIVE",
    "BUILD",
    "DELETED",
    "ERROR",
    "HARD_REBOOT",
    "MIGRATING",
    "PASSWORD",
    "PAUSED",
    "REBOOT",
    "REBUILD",
    "RESCUE",
    "RESIZE",
    "REVERT_RESIZE",
    "SHELVED",
    "SHELVED_OFFLOADED",
    "SHUTOFF",
    "SOFT_DELETED",
    "SUSPENDED",
    "VERIFY_RESIZE",
];

/// `GET /servers` and `GET /servers/detail`
pub fn list(context: &Context<'_>, detailed: bool) -> Result<Value, Fault> {
    let mut pairs = context.query()?;
    if context.api == Api::V21 {
        query::check_list(&mut pairs, context.version)?;
    }
    let own = Target::own(context.principal);
    let (rule, rule_for_all) = if detailed {
        (Rule::ServersDetail, Rule::ServersDetailAll)
    } else {
        (Rule::ServersIndex, Rule::ServersIndexAll)
    };
    context.allow(rule, own)?;
    let admin = context.may(Rule::Admin, own);
    let listing = Listing::read(context, &pairs, admin)?;
    if listing.all_projects {
        context.allow(rule_for_all, own)?;
    }
    let page = Page::read(context, &pairs, admin)?;

    let project = context.principal.project.as_ref().map(|project| &project.id);
    let consoles = &context.control.consoles;
    let mut servers = consoles.servers(project.filter(|_| !listing.all_projects));
    servers.retain(|server| listing.admits(server));
    page.sort(&mut servers);
    let servers = page.cut(&servers)?;

    let view = |server: &Arc<Server>| {
        if detailed {
            detail(context, server, false)
        } else {
            summary(context, server)
        }
    };
    let mut answer = json!({ "servers": servers.iter().map(view).collect::<Vec<_>>() });
    // Nova does not look whether there is more: a full page has a next one.
    if let Some(last) = servers.last().filter(|_| servers.len() == page.limit) {
        let path = if detailed { "servers/detail" } else { "servers" };
        let href = format!("{}/{path}?{}", api_base(context), next(&pairs, last.id));
        answer["servers_links"] = json!([{ "rel": "next", "href": href }]);
    }
    Ok(answer)
}

/// The query of the next page: the names in order, each with the greatest of its values.
fn next(pairs: &[(String, String)], marker: ServerId) -> String {
    let mut names = BTreeMap::new();
    for (name, value) in pairs {
        let greatest = names.entry(name.as_str()).or_insert(value.as_str());
        *greatest = (*greatest).max(value);
    }
    let marker = marker.to_string();
    let had_marker = names.get_mut("marker").map(|value| *value = &marker).is_some();
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(names);
    if !had_marker {
        query.append_pair("marker", &marker);
    }
    query.finish()
}

/// Which servers are wanted.
struct Listing {
    filters: Vec<Filter>,
    all_projects: bool,
    /// Deleted servers are wanted, of which there are none here.
    nothing: bool,
}

enum Filter {
    /// A property has one value, as text.
    Is(Property, String),
    /// A property matches a pattern.
    Matches(Property, Regex),
    /// An address matches a pattern.
    Address {
        pattern: Regex,
        v6: bool,
    },
    /// The status is one of these.
    Status(Vec<String>),
    /// Whether it is locked.
    Locked(bool),
    /// When it was last changed.
    ChangedSince(OffsetDateTime),
    ChangedBefore(OffsetDateTime),
}

/// A property of a server as text, where the inventory knows it.
type Property = fn(&Server) -> Option<String>;

impl Listing {
    fn read(context: &Context<'_>, pairs: &[(String, String)], admin: bool) -> Result<Self, Fault> {
        let since = |minor| context.version >= Microversion::v2(minor);
        let any_filter = context.may(Rule::AllFilters, Target::own(context.principal));
        let mut options = BTreeMap::new();
        for (name, value) in pairs {
            let name = name.as_str();
            if !PAGING.contains(&name) && (any_filter || is_everyones(name, context.version)) {
                options.insert(name, value.as_str());
            }
        }
        if let Some(name) = options
            .keys()
            .find(|name| name.starts_with('_') || JOINED.contains(name))
        {
            return Err(Fault::bad_request(format!("Invalid filter field: {name}.")));
        }

        let mut listing = Self {
            filters: Vec::new(),
            all_projects: false,
            nothing: false,
        };
        let statuses = pairs.iter().filter(|(name, _)| name == "status");
        let statuses: Vec<_> = statuses.map(|(_, value)| value.to_ascii_uppercase()).collect();
        if !statuses.is_empty() {
            let known: Vec<_> = statuses
                .into_iter()
                .filter(|status| STATUSES.contains(&status.as_str()))
                .collect();
            match known.as_slice() {
                [] if since(38) => return Err(Fault::bad_request("Invalid status value")),
                [only] if only == "DELETED" && !admin => {
                    return Err(Fault::forbidden("Only administrators may list deleted instances"));
                }
                _ => listing.filters.push(Filter::Status(known)),
            }
        }
        let time = |name: &str| {
            options
                .get(name)
                .map(|text| {
                    query::time(text)
                        .ok_or_else(|| Fault::bad_request(format!("Invalid filter field: {name}.")))
                })
                .transpose()
        };
        let (changed_since, changed_before) = (time("changes-since")?, time("changes-before")?);
        if let (Some(since), Some(before)) = (changed_since, changed_before)
            && before < since
        {
            return Err(Fault::bad_request(
                "The value of changes-since must be less than or equal to changes-before.",
            ));
        }
        listing.filters.extend(changed_since.map(Filter::ChangedSince));
        listing.filters.extend(changed_before.map(Filter::ChangedBefore));
        listing.nothing = ["deleted", "tags", "tags-any"]
            .iter()
            .any(|name| match options.get(name) {
                Some(value) if *name == "deleted" => query::truth(value).unwrap_or(false),
                given => given.is_some(),
            });
        listing.all_projects = match options.get("all_tenants") {
            None => false,
            Some(&"") => true,
            Some(value) => query::truth(value)?,
        };
        if let Some(value) = options.get("locked") {
            listing.filters.push(Filter::Locked(query::truth(value)?));
        }
        for (name, value) in options {
            listing.filters.extend(filter(name, value, listing.all_projects));
        }
        Ok(listing)
    }

    fn admits(&self, server: &Server) -> bool {
        !self.nothing && self.filters.iter().all(|filter| filter.admits(server))
    }
}

/// Whether a filter is for everyone, and not only for those who may use them all. One that is not
/// is passed over.
fn is_everyones(name: &str, version: Microversion) -> bool {
    let since = |minor| version >= Microversion::v2(minor);
    match name {
        "reservation_id" | "name" | "status" | "image" | "flavor" | "ip" | "changes-since"
        | "all_tenants" => true,
        "ip6" => since(5),
        "tags" | "tags-any" | "not-tags" | "not-tags-any" => since(26),
        "changes-before" => since(66),
        "locked" => since(73),
        "availability_zone" | "config_drive" | "key_name" | "created_at" | "launched_at"
        | "terminated_at" | "power_state" | "task_state" | "vm_state" | "progress" | "user_id" => since(83),
        "hostname" => since(90),
        _ => false,
    }
}

fn filter(name: &str, value: &str, all_projects: bool) -> Option<Filter> {
    let is = |property: Property| Some(Filter::Is(property, value.to_owned()));
    let matches = |property: Property| Some(Filter::Matches(property, query::pattern(value)?));
    match name {
        "name" | "display_name" => matches(|server| Some(server.name.clone())),
        "hostname" => matches(|server| Some(server.name.to_lowercase())),
        "availability_zone" => matches(|server| server.host.as_ref().map(|_| "nova".to_owned())),
        "created_at" | "launched_at" => matches(|server| Some(timestamp(server.created))),
        "uuid" => is(|server| Some(server.id.to_string())),
        "host" | "node" => is(|server| server.host.clone()),
        "user_id" => is(|server| server.details.user.as_ref().map(|user| user.as_str().to_owned())),
        "image" | "image_ref" => is(|server| server.details.image.clone()),
        "flavor" => is(|server| server.details.flavor.as_ref().map(|flavor| flavor.name.clone())),
        "vm_state" => is(|server| Some(vm_state(server.status).to_owned())),
        "task_state" => is(|server| server.task_state.map(|state| state.name().to_owned())),
        "power_state" => is(|server| Some(power_state(server.status).to_string())),
        "project_id" | "tenant_id" if all_projects => is(|server| Some(server.project.as_str().to_owned())),
        "ip" | "ip6" => Some(Filter::Address {
            pattern: query::pattern(value)?,
            v6: name == "ip6",
        }),
        // Properties of Nova's that no server here has.
        "reservation_id" | "launch_index" | "kernel_id" | "ramdisk_id" | "key_name" | "terminated_at"
        | "locked_by" | "root_device_name" | "config_drive" | "access_ip_v4" | "access_ip_v6"
        | "auto_disk_config" | "progress" => is(|_| None),
        _ => None,
    }
}

impl Filter {
    fn admits(&self, server: &Server) -> bool {
        match self {
            Self::Is(property, wanted) => property(server).as_ref() == Some(wanted),
            Self::Matches(property, pattern) => property(server).is_some_and(|text| pattern.is_match(&text)),
            Self::Address { pattern, v6 } => server
                .details
                .addresses
                .values()
                .flatten()
                .any(|address| address.is_ipv6() == *v6 && pattern.is_match(&address.to_string())),
            // A status may tell of a task; whoever asks for the one without gets both.
            Self::Status(wanted) => wanted
                .iter()
                .any(|wanted| wanted == server.status.name() || wanted == status(server)),
            Self::Locked(wanted) => server.details.locked == *wanted,
            Self::ChangedSince(time) => server.updated >= *time,
            Self::ChangedBefore(time) => server.updated <= *time,
        }
    }
}

/// Which part of the list is wanted, and in what order.
struct Page {
    limit: usize,
    marker: Option<String>,
    /// Properties, the most important first, each with whether greater ones come first.
    sort: Vec<(String, bool)>,
    /// Whether the order was chosen by the caller.
    chosen: bool,
}

impl Page {
    fn read(context: &Context<'_>, pairs: &[(String, String)], admin: bool) -> Result<Self, Fault> {
        let last = |wanted: &str| {
            let mut of_name = pairs.iter().rev().filter(|(name, _)| name == wanted);
            of_name.next().map(|(_, value)| value.as_str())
        };
        let limit = last("limit").map_or(Ok(MAX_LIMIT), limit)?;
        let values = |wanted: &str| -> Vec<String> {
            let of_name = pairs.iter().filter(|(name, _)| name == wanted);
            of_name.map(|(_, value)| value.trim().to_owned()).collect()
        };
        let (mut keys, mut directions) = (values("sort_key"), values("sort_dir"));
        let chosen = !keys.is_empty();
        if !chosen {
            keys.push("created_at".to_owned());
        }
        if directions.is_empty() {
            directions.push("desc".to_owned());
        }
        // A key that changes nothing takes its direction with it.
        while let Some(at) = keys
            .iter()
            .position(|key| query::is_ignored_sort_key(key, context.version))
        {
            keys.remove(at);
            if at < directions.len() {
                directions.remove(at);
            }
        }
        if let Some(key) = keys
            .iter()
            .find(|key| !admin && matches!(key.as_str(), "host" | "node"))
        {
            return Err(Fault::forbidden(format!(
                "Only administrators can sort servers by {key}"
            )));
        }
        if directions
            .iter()
            .any(|direction| !matches!(direction.as_str(), "asc" | "desc"))
        {
            return Err(Fault::bad_request(
                "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'",
            ));
        }
        if directions.len() > keys.len() {
            return Err(Fault::bad_request(
                "Invalid input received: Sort direction size exceeds sort key size",
            ));
        }
        let chosen = chosen && !keys.is_empty();
        if keys.is_empty() {
            keys.push("created_at".to_owned());
        }
        let first = directions.first().is_none_or(|direction| direction == "desc");
        let direction = |at| directions.get(at).map_or(first, |direction| direction == "desc");
        Ok(Self {
            limit,
            marker: last("marker")
                .filter(|marker| !marker.is_empty())
                .map(str::to_owned),
            sort: keys
                .into_iter()
                .enumerate()
                .map(|(at, key)| (key, direction(at)))
                .collect(),
            chosen,
        })
    }

    /// Newest first unless asked otherwise. Servers alike in every key that was asked for come in
    /// the order of their ids, as in Nova; by default they keep the inventory's.
    fn sort(&self, servers: &mut [Arc<Server>]) {
        servers.sort_by(|a, b| {
            let order = self
                .sort
                .iter()
                .fold(Ordering::Equal, |order, (key, descending)| {
                    order.then_with(|| {
                        let order = compare(key, a, b);
                        if *descending { order.reverse() } else { order }
                    })
                });
            if self.chosen {
                order.then_with(|| a.id.cmp(&b.id))
            } else {
                order
            }
        });
    }

    /// The page after the marker.
    fn cut<'a>(&self, servers: &'a [Arc<Server>]) -> Result<&'a [Arc<Server>], Fault> {
        let rest = match &self.marker {
            None => servers,
            Some(marker) => {
                let at = servers
                    .iter()
                    .position(|server| server.id.to_string() == *marker)
                    .ok_or_else(|| Fault::bad_request(format!("marker [{marker}] not found")))?;
                servers.get(at + 1..).unwrap_or_default()
            }
        };
        Ok(rest.get(..self.limit).unwrap_or(rest))
    }
}

/// A limit as Python's `int()` reads it. In the strict API the schema has told the rest before.
fn limit(text: &str) -> Result<usize, Fault> {
    let number = text.trim();
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::bad_request(
            "Invalid input received: limit must be an integer",
        ));
    }
    if number.starts_with('-') && digits.bytes().any(|b| b != b'0') {
        return Err(Fault::bad_request("Invalid input received: limit must be >= 0"));
    }
    Ok(digits.parse().unwrap_or(MAX_LIMIT).min(MAX_LIMIT))
}

fn compare(key: &str, a: &Server, b: &Server) -> Ordering {
    let facts = |server: &Server| (server.details.image.clone(), server.details.user.clone());
    match key {
        "display_name" | "hostname" => a.name.cmp(&b.name),
        "created_at" | "launched_at" => a.created.cmp(&b.created),
        "updated_at" => a.updated.cmp(&b.updated),
        "uuid" => a.id.cmp(&b.id),
        "host" | "node" => a.host.cmp(&b.host),
        "project_id" => a.project.cmp(&b.project),
        "image_ref" => facts(a).0.cmp(&facts(b).0),
        "user_id" => facts(a).1.cmp(&facts(b).1),
        "vm_state" => vm_state(a.status).cmp(vm_state(b.status)),
        "task_state" => a
            .task_state
            .map(TaskState::name)
            .cmp(&b.task_state.map(TaskState::name)),
        "power_state" => power_state(a.status).cmp(&power_state(b.status)),
        "locked" => a.details.locked.cmp(&b.details.locked),
        _ => Ordering::Equal,
    }
}
