"""Tools that make files for the traveller. Their links aren't sent to the model: clients get them beside its answer."""

from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from pam.answers.answer import instant
from pam.answers.budget_report import make_budget_report, report_text
from pam.answers.data_export import EXPORT_DATA, FORMATS, ExportedData
from pam.answers.data_export import export_data as make_archive
from pam.answers.downloads import download_facts
from pam.ledger.operation import WriteContext, WriteResult
from pam.money.budget_report import ReportQuery
from pam.platform.errors import UNKNOWN_FORMAT, PamError
from pam.tools.catalog.money_arguments import PeriodArgument, late_day
from pam.tools.engine.arguments import ToolArguments
from pam.tools.engine.definition import EffectKind, Tool, ToolContext, ToolResult, approval_tool, read_tool
from pam.users.held_data import check_export_limit


def _parse_format(value: Any) -> str:
    if value == "pdf":
        known = " and ".join(sorted(FORMATS))
        raise PamError(UNKNOWN_FORMAT, f"PAM can't make PDF files. It can make {known}.", field="format")
    if not isinstance(value, str) or value not in FORMATS:
        raise PamError(UNKNOWN_FORMAT, f"The format is {' or '.join(sorted(FORMATS))}.", field="format")
    return value


_Format = Annotated[str, BeforeValidator(_parse_format), WithJsonSchema({"type": "string", "enum": sorted(FORMATS)})]


class ExportBudgetReport(ToolArguments):
    """The file to make."""

    format: _Format
    period: PeriodArgument | None = None

    def summary(self) -> str:
        """Return what the tool is doing."""
        return f"Making a {self.format.upper()} report"


@read_tool(summary=ExportBudgetReport.summary)
def export_budget_report(context: ToolContext, arguments: ExportBudgetReport) -> ToolResult:
    """A file of a period's expenses, budgets and savings."""
    query = ReportQuery(period=arguments.period, timezone=context.zone)
    if late := late_day(context):
        query = query.dated(*late)
    report, download = make_budget_report(
        context.dependencies, context.user_id, query, arguments.format, context.deadline
    )
    data = {
        "download": download.as_json(),
        **download_facts(download, report.profile),
        "window": {"from": report.window.start.isoformat(), "to": report.window.end.isoformat()},
        "expenses": report.count("expense", "refund"),
        "budgets": report.count("budget"),
        "savings": report.count("saving"),
    }
    profile = report.profile
    as_of = instant(report.as_of.astimezone(profile.zone))
    return ToolResult(report_text(report, download), data, profile.expenses_source, as_of, profile.simulated)


class ExportData(ToolArguments):
    """The format of the files in the archive."""

    format: _Format | None = None

    def summary(self) -> str:
        """Return what the tool is doing."""
        return "Exporting your data"


def _preview(context: WriteContext, arguments: ExportData) -> str:
    check_export_limit(context.connection, context.profile.id, context.now)
    formats = arguments.format.upper() if arguments.format else "JSON and CSV"
    return (
        f"Put everything that PAM has about you into one archive ({formats}). Its link works for an hour, and whoever"
        " has it can open the archive."
    )


def _make(context: ToolContext, arguments: ExportData) -> ExportedData:
    formats = (arguments.format,) if arguments.format else FORMATS
    return make_archive(context.dependencies, context.user_id, formats, context.deadline)


@approval_tool(EffectKind.COSTLY, summary=ExportData.summary, preview=_preview, prepare=_make)
def export_data(context: WriteContext, _arguments: ExportData, exported: ExportedData) -> WriteResult:
    """An archive of all that PAM has about them."""
    return EXPORT_DATA.write(context, exported)


TOOLS: tuple[Tool[Any], ...] = (export_budget_report, export_data)
