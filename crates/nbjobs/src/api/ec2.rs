//! EC2: the subnets and security groups that the configuration file names, to read.

use crate::app::App;
use crate::model::studio::{SecurityGroup, Subnet};
use aws_wire::query::{self, Element, Form};
use aws_wire::{ErrorShape, RequestId};
use http::Response;

/// The namespace of its answers.
const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// Most results of one answer (EC2); there are never more parts than that in a file that a person wrote.
const RESULTS_MAX: usize = 1000;

/// Answers one action.
pub(super) fn call(
    app: &App,
    form: &Form,
    id: &RequestId,
) -> Result<Response<Vec<u8>>, ErrorShape> {
    let action = form.action()?;
    let result = match action {
        "DescribeSubnets" => subnets(app, form),
        "DescribeRouteTables" => route_tables(app, form),
        "DescribeSecurityGroups" => security_groups(app, form),
        other => Err(query::invalid_action("EC2", other)),
    }?;
    Ok(query::ec2_response(action, NAMESPACE, &[result], id))
}

/// What a request asks for: filters by name, each with the values that fit.
struct Wanted<'a>(Vec<(&'a str, Vec<&'a str>)>);

impl<'a> Wanted<'a> {
    /// Reads the filters and the lists of ids. `ids` pairs a list's name with the filter that it is short for.
    fn parse(form: &'a Form, ids: &[(&'static str, &'static str)]) -> Result<Self, ErrorShape> {
        let lists: Vec<&str> = ids
            .iter()
            .map(|(list, _)| *list)
            .chain(["Filter"])
            .collect();
        form.allow_ec2(&["MaxResults", "NextToken", "DryRun"], &lists)?;
        if form.get("NextToken").is_some() {
            return Err(invalid(
                "InvalidNextToken",
                "the first page was the last one".into(),
            ));
        }
        if form.get("DryRun").is_some_and(|flag| flag != "false") {
            return Err(ErrorShape::new(
                http::StatusCode::PRECONDITION_FAILED,
                "DryRunOperation",
                "Request would have succeeded, but DryRun flag is set.",
            ));
        }
        if let Some(text) = form.get("MaxResults") {
            let limit: Option<usize> = text.parse().ok();
            if limit.is_none_or(|n| !(5..=RESULTS_MAX).contains(&n)) {
                let problem = format!("MaxResults '{text}' must be between 5 and {RESULTS_MAX}");
                return Err(invalid("InvalidParameterValue", problem));
            }
        }
        let mut wanted = Vec::new();
        for number in 1.. {
            let Some(name) = form.get(&format!("Filter.{number}.Name")) else {
                break;
            };
            wanted.push((name, form.numbered(&format!("Filter.{number}.Value"))));
        }
        for (list, filter) in ids {
            let values = form.numbered(list);
            if !values.is_empty() {
                wanted.push((filter, values));
            }
        }
        Ok(Self(wanted))
    }

    /// Whether a thing fits every filter; `has` gives its values of the filters that it knows.
    fn fits(&self, has: &[(&str, &[&str])]) -> Result<bool, ErrorShape> {
        for (name, values) in &self.0 {
            let known = has.iter().find(|(filter, _)| filter == name);
            let (_, own) = known.ok_or_else(|| {
                let names: Vec<&str> = has.iter().map(|(filter, _)| *filter).collect();
                let problem = format!(
                    "The filter '{name}' is not supported; it can be one of {}",
                    names.join(", ")
                );
                invalid("InvalidParameterValue", problem)
            })?;
            if !own.iter().any(|value| values.contains(value)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn invalid(code: &'static str, message: String) -> ErrorShape {
    ErrorShape::bad_request(code, message)
}

/// The answer's list of those that fit.
fn set<T>(
    name: &'static str,
    items: &[T],
    fits: impl Fn(&T) -> Result<bool, ErrorShape>,
    element: impl Fn(&T) -> Element,
) -> Result<Element, ErrorShape> {
    let mut fitting = Vec::new();
    for item in items.iter().take(RESULTS_MAX) {
        if fits(item)? {
            fitting.push(element(item));
        }
    }
    Ok(Element::parent(name, fitting))
}

fn subnets(app: &App, form: &Form) -> Result<Element, ErrorShape> {
    let wanted = Wanted::parse(form, &[("SubnetId", "subnet-id")])?;
    let vpc = app.studio.domain.vpc_id.as_str();
    let fits = |subnet: &Subnet| wanted.fits(&[("vpc-id", &[vpc]), ("subnet-id", &[&subnet.id])]);
    set("subnetSet", &app.studio.subnets, fits, |subnet| {
        Element::parent(
            "item",
            [
                Element::text("subnetId", &subnet.id),
                Element::text("vpcId", vpc),
                Element::text("state", "available"),
                Element::text("cidrBlock", &subnet.cidr),
                Element::text("availabilityZone", format!("{}a", app.scope.region)),
                Element::text("ownerId", &app.scope.account),
                Element::text("mapPublicIpOnLaunch", subnet.public.to_string()),
            ],
        )
    })
}

/// Each subnet has a table of its own; a public one's leads to an internet gateway.
fn route_tables(app: &App, form: &Form) -> Result<Element, ErrorShape> {
    let wanted = Wanted::parse(form, &[("RouteTableId", "route-table-id")])?;
    let vpc = app.studio.domain.vpc_id.as_str();
    let fits = |subnet: &Subnet| {
        let table = renamed(&subnet.id, "rtb");
        wanted.fits(&[
            ("vpc-id", &[vpc]),
            ("route-table-id", &[&table]),
            ("association.subnet-id", &[&subnet.id]),
        ])
    };
    set("routeTableSet", &app.studio.subnets, fits, |subnet| {
        let table = renamed(&subnet.id, "rtb");
        let mut routes = vec![route(&subnet.cidr, "local", "CreateRouteTable")];
        if subnet.public {
            routes.push(route("0.0.0.0/0", &renamed(vpc, "igw"), "CreateRoute"));
        }
        let association = Element::parent(
            "item",
            [
                Element::text("main", "false"),
                Element::text("routeTableAssociationId", renamed(&subnet.id, "rtbassoc")),
                Element::text("routeTableId", &table),
                Element::text("subnetId", &subnet.id),
                Element::parent("associationState", [Element::text("state", "associated")]),
            ],
        );
        Element::parent(
            "item",
            [
                Element::text("routeTableId", &table),
                Element::text("vpcId", vpc),
                Element::text("ownerId", &app.scope.account),
                Element::parent("routeSet", routes),
                Element::parent("associationSet", [association]),
            ],
        )
    })
}

/// The id of something that belongs to another thing: the same digits behind another kind.
fn renamed(id: &str, kind: &str) -> String {
    let digits = id.split_once('-').map_or(id, |(_, digits)| digits);
    format!("{kind}-{digits}")
}

fn route(to: &str, gateway: &str, origin: &str) -> Element {
    Element::parent(
        "item",
        [
            Element::text("destinationCidrBlock", to),
            Element::text("gatewayId", gateway),
            Element::text("origin", origin),
            Element::text("state", "active"),
        ],
    )
}

fn security_groups(app: &App, form: &Form) -> Result<Element, ErrorShape> {
    let wanted = Wanted::parse(
        form,
        &[("GroupId", "group-id"), ("GroupName", "group-name")],
    )?;
    let vpc = app.studio.domain.vpc_id.as_str();
    let fits = |group: &SecurityGroup| {
        wanted.fits(&[
            ("vpc-id", &[vpc]),
            ("group-id", &[&group.id]),
            ("group-name", &[&group.name]),
        ])
    };
    set(
        "securityGroupInfo",
        &app.studio.security_groups,
        fits,
        |group| {
            Element::parent(
                "item",
                [
                    Element::text("groupId", &group.id),
                    Element::text("groupName", &group.name),
                    Element::text("groupDescription", &group.name),
                    Element::text("vpcId", vpc),
                    Element::text("ownerId", &app.scope.account),
                ],
            )
        },
    )
}
