"""Case and the related objects as a new org describes them, for use without an org.

One word per field: `Name:type`, a reference with its targets (`reference=Group,User`), `!` never empty, `-` not
updateable, `~` not filterable (Object Reference v67; sObject Describe of a developer org).
"""

AUDIT = """
Id:id!- IsDeleted:boolean!- CreatedDate:datetime!- CreatedById:reference=User!- LastModifiedDate:datetime!-
LastModifiedById:reference=User!- SystemModstamp:datetime!- LastViewedDate:datetime- LastReferencedDate:datetime-
"""
ADDRESS = """
{0}Street:textarea {0}City:string {0}State:string {0}PostalCode:string {0}Country:string {0}Latitude:double
{0}Longitude:double {0}GeocodeAccuracy:picklist {0}Address:address-
"""

OBJECTS = {
    "Case": AUDIT
    + """
CaseNumber:string!- MasterRecordId:reference=Case- ContactId:reference=Contact AccountId:reference=Account
AssetId:reference=Asset ProductId:reference=Product2 EntitlementId:reference=Entitlement ParentId:reference=Case
BusinessHoursId:reference=BusinessHours! RecordTypeId:reference=RecordType OwnerId:reference=Group,User!
SuppliedName:string SuppliedEmail:email SuppliedPhone:phone SuppliedCompany:string Type:picklist Status:picklist
Reason:picklist Origin:picklist Subject:string Priority:picklist Description:textarea~ Comments:textarea~
IsClosed:boolean!- ClosedDate:datetime- IsEscalated:boolean! IsStopped:boolean!- StopStartDate:datetime-
SlaStartDate:datetime SlaExitDate:datetime- MilestoneStatus:string-~ ContactPhone:phone- ContactMobile:phone-
ContactEmail:email- ContactFax:phone- IsClosedOnCreate:boolean!- IsSelfServiceClosed:boolean!-
IsVisibleInSelfService:boolean! CreatorName:string- Language:picklist
ServiceContractId:reference=ServiceContract HasCommentsUnreadByOwner:boolean!- HasSelfServiceComments:boolean!-
""",
    "Account": AUDIT
    + ADDRESS.format("Billing")
    + ADDRESS.format("Shipping")
    + """
Name:string! Type:picklist ParentId:reference=Account OwnerId:reference=User! RecordTypeId:reference=RecordType
MasterRecordId:reference=Account- Phone:phone Fax:phone AccountNumber:string Website:url Sic:string SicDesc:string
Industry:picklist AnnualRevenue:currency NumberOfEmployees:int Ownership:picklist TickerSymbol:string
Description:textarea~ Rating:picklist Site:string AccountSource:picklist LastActivityDate:date- NaicsCode:string
YearStarted:string CleanStatus:picklist IsPersonAccount:boolean!- PersonEmail:email PersonBirthdate:date
IsPartner:boolean! IsCustomerPortal:boolean!
""",
    "Contact": AUDIT
    + ADDRESS.format("Mailing")
    + ADDRESS.format("Other")
    + """
Name:string!- FirstName:string LastName:string! Salutation:picklist AccountId:reference=Account
OwnerId:reference=User! RecordTypeId:reference=RecordType MasterRecordId:reference=Contact-
ReportsToId:reference=Contact Phone:phone Fax:phone MobilePhone:phone HomePhone:phone OtherPhone:phone
AssistantPhone:phone AssistantName:string Email:email Title:string Department:string LeadSource:picklist
Birthdate:date Description:textarea~ LastActivityDate:date- EmailBouncedReason:string EmailBouncedDate:datetime
IsEmailBounced:boolean!- HasOptedOutOfEmail:boolean! HasOptedOutOfFax:boolean! DoNotCall:boolean!
IsPersonAccount:boolean!-
""",
    "User": AUDIT
    + ADDRESS.format("")
    + """
Name:string!- Username:string! FirstName:string LastName:string! Alias:string! Email:email! IsActive:boolean!
Title:string Department:string Division:string CompanyName:string EmployeeNumber:string Phone:phone
MobilePhone:phone Fax:phone ManagerId:reference=User ProfileId:reference=Profile! UserRoleId:reference=UserRole
UserType:picklist- TimeZoneSidKey:picklist! LocaleSidKey:picklist! LanguageLocaleKey:picklist!
FederationIdentifier:string ContactId:reference=Contact- AccountId:reference=Account- LastLoginDate:datetime-
LastPasswordChangeDate:datetime- ForecastEnabled:boolean! CommunityNickname:string! EmailEncodingKey:picklist!
""",
    # The fields that a reference to several objects has (SOQL reference, polymorphic relationships).
    "Name": """
Id:id!- Name:string!- Type:picklist!- FirstName:string- LastName:string- Username:string- Alias:string- Email:email-
IsActive:boolean!- Title:string- Phone:phone- ProfileId:reference=Profile- UserRoleId:reference=UserRole-
""",
    "RecordType": AUDIT
    + "Name:string! DeveloperName:string! SobjectType:picklist! Description:string IsActive:boolean!",
    "BusinessHours": AUDIT + "Name:string! IsActive:boolean! IsDefault:boolean! TimeZoneSidKey:picklist!",
    "Profile": AUDIT + "Name:string! UserType:picklist-",
    "UserRole": AUDIT + "Name:string! DeveloperName:string! ParentRoleId:reference=UserRole",
    "Asset": AUDIT
    + """
Name:string! SerialNumber:string Status:picklist InstallDate:date PurchaseDate:date UsageEndDate:date Price:currency
Quantity:double AccountId:reference=Account ContactId:reference=Contact Product2Id:reference=Product2
OwnerId:reference=User! Description:textarea~ IsCompetitorProduct:boolean! ParentId:reference=Asset
""",
    "Product2": AUDIT + "Name:string! ProductCode:string Family:picklist IsActive:boolean! Description:textarea~",
    "Entitlement": AUDIT
    + """
Name:string! Type:picklist Status:picklist- StartDate:date EndDate:date AccountId:reference=Account!
BusinessHoursId:reference=BusinessHours AssetId:reference=Asset IsPerIncident:boolean! CasesPerEntitlement:int
RemainingCases:int
""",
    # Records next to the case.
    "Task": AUDIT
    + """
WhoId:reference=Contact WhatId:reference=Account,Case OwnerId:reference=Group,User! Subject:combobox ActivityDate:date
Status:picklist! Priority:picklist! IsHighPriority:boolean!- IsClosed:boolean!- CompletedDateTime:datetime-
Description:textarea~ TaskSubtype:picklist Type:picklist IsReminderSet:boolean! ReminderDateTime:datetime
CallDurationInSeconds:int CallType:picklist CallDisposition:string
""",
    "EmailMessage": AUDIT
    + """
ParentId:reference=Case Subject:string TextBody:textarea~ HtmlBody:textarea~ Headers:textarea~- FromName:string
FromAddress:email ToAddress:string CcAddress:string BccAddress:string Incoming:boolean! HasAttachment:boolean!-
Status:picklist! MessageDate:datetime IsExternallyVisible:boolean! IsPrivateDraft:boolean!- MessageIdentifier:string
""",
    "CaseComment": AUDIT + "ParentId:reference=Case! IsPublished:boolean! CommentBody:textarea~",
    "CaseHistory": """
Id:id!- IsDeleted:boolean!- CaseId:reference=Case!- CreatedById:reference=User!- CreatedDate:datetime!-
Field:picklist!- DataType:picklist- OldValue:anytype-~ NewValue:anytype-~
""",
    "CaseMilestone": AUDIT
    + """
CaseId:reference=Case!- MilestoneTypeId:reference=MilestoneType!- StartDate:datetime TargetDate:datetime-
CompletionDate:datetime IsCompleted:boolean!- IsViolated:boolean!- BusinessHoursId:reference=BusinessHours-
TargetResponseInMins:int- TimeRemainingInMins:string-~ ElapsedTimeInMins:int-
""",
    "MilestoneType": AUDIT + "Name:string! Description:textarea",
    "ReturnOrder": AUDIT
    + """
ReturnOrderNumber:string!- AccountId:reference=Account ContactId:reference=Contact CaseId:reference=Case
OwnerId:reference=Group,User! Status:picklist Description:textarea~
""",
    "WorkOrder": AUDIT
    + """
WorkOrderNumber:string!- CaseId:reference=Case AccountId:reference=Account ContactId:reference=Contact
OwnerId:reference=Group,User! Subject:string Status:picklist! Priority:picklist StartDate:datetime EndDate:datetime
IsClosed:boolean!- Description:textarea~
""",
}

# Child relationships, `Name=Object.Reference` (Object Reference v67).
CHILDREN = {
    "Case": """
CaseComments=CaseComment.ParentId EmailMessages=EmailMessage.ParentId Tasks=Task.WhatId Cases=Case.ParentId
CaseMilestones=CaseMilestone.CaseId Histories=CaseHistory.CaseId ReturnOrders=ReturnOrder.CaseId
WorkOrders=WorkOrder.CaseId
""",
    "Contact": """
Cases=Case.ContactId Tasks=Task.WhoId ReturnOrders=ReturnOrder.ContactId WorkOrders=WorkOrder.ContactId
""",
    "Account": """
Cases=Case.AccountId Contacts=Contact.AccountId ReturnOrders=ReturnOrder.AccountId WorkOrders=WorkOrder.AccountId
""",
}
